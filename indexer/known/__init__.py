"""What is known of all works, written beside a generation: names, and the facts that ranking weighs.

Every process that searches maps these files, so that opening them takes milliseconds and their memory is shared.

names.sqlite   titles, series, people and words, for names in requests and for completing what is typed
columns.json   the shape of each column, and figures over all works
*.column       one fact of every work each: a plain array, one row a work

A work's row is its place in the order of the ids at a full build; works that later builds add come after them, and the
row of a removed work stays empty. The files can always be made again from the generation.
"""
