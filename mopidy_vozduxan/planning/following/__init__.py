"""Decides what the frontend does about events of core, the player and the swarms.

Events in, orders out: ``event.follow(state)`` returns the next state, and orders in
sequence. Some orders are questions, which another event answers. The frontend's actor
reads facts and carries out orders, and decides nothing.

state         what is known, and the result of one step
playing       events of playback: starts, pauses, jumps, stops
failing       events of failures: a dead swarm, a broken or silent player
coming        events about what comes next, and corrections of the tracklist
leaving       which entries leave the queue when a torrent is removed
orders        what to do
questions     orders that an event answers
queue, silence, corrections     decisions that the events use
"""
