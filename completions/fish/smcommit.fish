# fish completion for smcommit, generated from its option table
function __smcommit_columns
	for w in (commandline -opc)
		test -d $w/_delta_log; and smtable schema $w --output tsv 2>/dev/null </dev/null | sed 1d | cut -f1
	end
end
complete -c smcommit -l mode -s m -x -a 'append overwrite' -d 'append to the table (default) or replace its contents'
complete -c smcommit -l replace-where -x -a '(__smcommit_columns)' -d 'replace only the partitions for which SQL is true; every new file must satisfy it; implies --mode=overwrite'
complete -c smcommit -l vouch -d 'when overwriting: the input is complete even if its marks do not say so; does not apply to an input that failed'
complete -c smcommit -l merge-schema -d 'add new columns to the table\'s schema'
complete -c smcommit -l overwrite-schema -d 'with --mode=overwrite: the new schema and partition columns replace the table\'s'
complete -c smcommit -l retry -x -d 'give up after losing N attempts to other writers (100)'
complete -c smcommit -l retry-for -x -d 'give up after losing to other writers for DURATION (1m)'
complete -c smcommit -l unbuffered -s u -d 'flush every line'
complete -c smcommit -l quiet -s q -d 'suppress warnings and notes'
complete -c smcommit -l errors -x -a 'text json' -d 'format of errors'
complete -c smcommit -l metrics -r -d 'keep metrics for Prometheus there (docs/metrics.md)'
complete -c smcommit -l metrics-name -x -d 'their name (default: the stream\'s id)'
complete -c smcommit -l stats -x -d 'write a line of statistics at the end and on SIGUSR1'
complete -c smcommit -l stats-every -x -d 'with --stats: also at this interval'
complete -c smcommit -l help -s h -d 'print this help and exit'
complete -c smcommit -l version -s V -d 'print the version and exit'
complete -c smcommit -f -a '(__fish_complete_directories)'
