"""Public collections of mammograms, as downloaded, turned into the one layout that is read here."""
