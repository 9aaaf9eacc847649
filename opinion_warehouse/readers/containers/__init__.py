"""What a file comes in (compression, an e-mail, a zip container): opened, and checked before a parser."""
