"""What listeners keep: fetched whole, never evicted; and copies of it elsewhere."""
