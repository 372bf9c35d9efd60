"""What somebody far away needs to know of a node that ails; nothing of it says who a patient is."""
