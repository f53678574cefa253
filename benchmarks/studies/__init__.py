"""Parts of the study of training: data, rows, measures, results."""
