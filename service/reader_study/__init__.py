"""Original and super-resolved images side by side: readers say which they prefer (Honjo 2022)."""
