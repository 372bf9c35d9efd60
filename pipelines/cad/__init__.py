"""The pipeline `cad`: from the mammograms of a study to findings (Jimenez-Gaona 2024)."""
