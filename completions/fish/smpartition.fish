# fish completion for smpartition, generated from its option table
function __smpartition_columns
	for w in (commandline -opc)
		test -d $w/_delta_log; and smtable schema $w --output tsv 2>/dev/null </dev/null | sed 1d | cut -f1
	end
end
complete -c smpartition -l by -s b -x -d 'partition by these columns, or by functions: date=day(created_at)'
complete -c smpartition -l schema -r -d 'schema of a new table (default: inferred from the first records)'
complete -c smpartition -l merge-schema -d 'add new fields to the table\'s schema (default: new fields are errors)'
complete -c smpartition -l target-file-size -x -d 'close a file at this size (default 128MiB)'
complete -c smpartition -l max-rows -x -d 'close a file after N rows'
complete -c smpartition -l every -x -d 'close files and pass a mark on at least this often (default 1m if there are marks)'
complete -c smpartition -l memory -x -d 'approximate memory limit; files are closed earlier to keep it (default 192MiB)'
complete -c smpartition -l compression -x -a 'snappy zstd gzip lz4 none' -d 'compression codec (default snappy)'
complete -c smpartition -l compression-level -x -d 'compression level of zstd (1 to 19, default 1) or gzip (1 to 9, default 6)'
complete -c smpartition -l row-group-rows -x -d 'rows per row group (default 16384)'
complete -c smpartition -l threads -s j -x -d 'number of threads (default: one per processor, at most 4)'
complete -c smpartition -l sample-rows -x -d 'number of records to infer a schema from (default 10000)'
complete -c smpartition -l on-error -x -d 'what to do with a bad record: stop (default), skip and count it, or append it to FILE with the reason'
complete -c smpartition -l quiet -s q -d 'suppress warnings and notes'
complete -c smpartition -l errors -x -a 'text json' -d 'format of errors'
complete -c smpartition -l metrics -r -d 'keep metrics for Prometheus there (docs/metrics.md)'
complete -c smpartition -l metrics-name -x -d 'their name (default: the stream\'s id)'
complete -c smpartition -l stats -x -d 'write a line of statistics at the end and on SIGUSR1'
complete -c smpartition -l stats-every -x -d 'with --stats: also at this interval'
complete -c smpartition -l help -s h -d 'print this help and exit'
complete -c smpartition -l version -s V -d 'print the version and exit'
complete -c smpartition -a '(__fish_complete_directories)'
