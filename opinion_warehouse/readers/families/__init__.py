"""What becomes of a table: survey → respondents and answers, report → opinions, social → items or counts."""
