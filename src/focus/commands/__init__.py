"""What the commands of `focus` over a whole project do; `cli` has what is typed. No stage imports any of it."""
