package render

// Inert makes a hostile text inert inside GitHub's Markdown, also in a cell of a table: what a reader sees is the text.
func Inert(s string) string { return markdown(s) }
