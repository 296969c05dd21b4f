# fish completion for smjq, generated from its option table
function __smjq_columns
	for w in (commandline -opc)
		test -d $w/_delta_log; and smtable schema $w --output tsv 2>/dev/null </dev/null | sed 1d | cut -f1
	end
end
complete -c smjq -l raw-output -s r -d 'write strings without quotes'
complete -c smjq -l from-file -s f -r -d 'read the program from FILE; every operand is then an input file'
complete -c smjq -l arg -x -d 'pass a string to the program as $NAME; also `--arg NAME TEXT`, as in jq'
complete -c smjq -l argjson -x -d 'pass a JSON value to the program as $NAME; also `--argjson NAME JSON`'
complete -c smjq -l exit-status -s e -d 'exit with status 1 if the last result was false or null, or there was none'
complete -c smjq -l compact-output -s c -d 'ignored, for compatibility with jq: there is always one line per result'
complete -c smjq -l memory -x -d 'limit for the values of one record as the program gets them (256MiB)'
complete -c smjq -l on-error -x -d 'what to do with a bad record: stop (default), skip and count it, or append it to FILE with the reason'
complete -c smjq -l unbuffered -d 'flush every record'
complete -c smjq -l quiet -s q -d 'suppress warnings and notes'
complete -c smjq -l errors -x -a 'text json' -d 'format of errors'
complete -c smjq -l metrics -r -d 'keep metrics for Prometheus there (docs/metrics.md)'
complete -c smjq -l metrics-name -x -d 'their name (default: the stream\'s id)'
complete -c smjq -l stats -x -d 'write a line of statistics at the end and on SIGUSR1'
complete -c smjq -l stats-every -x -d 'with --stats: also at this interval'
complete -c smjq -l help -s h -d 'print this help and exit'
complete -c smjq -l version -s V -d 'print the version and exit'
