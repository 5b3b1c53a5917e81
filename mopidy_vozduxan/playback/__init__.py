"""Playing tracks for core, and following what core plays."""
