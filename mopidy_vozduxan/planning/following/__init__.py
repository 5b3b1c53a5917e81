"""What the frontend does about what core, the player and the swarms tell it.

Events in, orders out: ``event.follow(state)`` returns the next state and what is to
be done, in order. An order that is a question is answered by another event. The
frontend's actor reads facts and carries out orders, and decides nothing.

state         what is known, and what one step returns
playing       events: what plays, starts, pauses, stops
failing       events: what breaks, is dead, or gives no sound
coming        events: what comes next, and what becomes known of the tracklist
leaving       what of the queue goes when a torrent is removed
orders        what is to be done
questions     orders that an event answers
queue, silence, corrections     decisions that the events use
"""
