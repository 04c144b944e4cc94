# Sums what `gcov -n` prints: a line a file with the best of its builds, the worst first, and the whole.

/^File '/ {
    file = substr($0, 7, length($0) - 7)
}
/^Lines executed:/ && file ~ /^src\// {
    split($0, part, /[:% ]+/)
    # "Lines", "executed", share, "of", lines
    run = part[3] * part[5] / 100
    if (!(file in lines) || run > ran[file]) ran[file] = run
    lines[file] = part[5]
    file = "" # the sum at the end of each program's list belongs to no file
}
END {
    sorter = "sort -n"
    for (file in lines) {
        printf "%6.1f %% of %5d  %s\n", 100 * ran[file] / lines[file], lines[file], file | sorter
        all_ran += ran[file]
        all += lines[file]
    }
    close(sorter)
    if (all > 0) printf "%6.1f %% of %5d  in all\n", 100 * all_ran / all, all
}
