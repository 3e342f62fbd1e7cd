"""The conditions and calculations of the flow language: a closed grammar, typed when a folder is loaded.

    condition  = either
    either     = both { "or" both }
    both       = negation { "and" negation }
    negation   = "not" negation | comparison
    comparison = sum [ ("=" | "!=" | "<" | "<=" | ">" | ">=" | "is" | "is" "not") sum | ["not"] "in" "[" sums "]" ]
    sum        = product { ("+" | "-") product }
    product    = unary { "*" unary }
    unary      = "-" unary | operand
    operand    = literal | name | function "(" [ sums ] ")" | "(" either ")"
    literal    = 3 | 'text' | yes | no | 12:30 | 2026-12-24 | 30m | 2h | 7d

`tokens` cuts the text, `parse` makes the tree of `syntax`, `understand` finds each part's type and turns it into a
`meaning`, which alone can be evaluated; `looks` tells at which times and callers a meaning may change. Nothing here
is Python's: no attribute, index, assignment or call but of the functions listed in `understand`.

What is not known (a variable that nothing was noted in) makes every comparison with it false, both of `=` and `!=`,
and every calculation with it not known. A wall-clock time does not turn over within an expression: at 23:45
`time + 30m` is later than every time of that day. Where a calculated value is noted in a variable it is kept
within the variable's type: a number beyond its range becomes the nearest in it, a time beyond midnight 23:59.
"""
