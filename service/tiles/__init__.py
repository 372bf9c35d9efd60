"""Large pictures as browsers look at them: in steps of half the size, cut into tiles."""
