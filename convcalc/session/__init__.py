"""Lines of a script, one after another, with the grid carried along. Knows no Typer: it is handed what runs a line."""
