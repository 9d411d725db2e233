"""The texts of e-mails: `templates/KIND.LANGUAGE.txt` (first line: the subject) and the one page that all of them look like."""
