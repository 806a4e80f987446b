from_file = { a = 1, b = 2.5 }
