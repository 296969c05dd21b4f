# fish completion for smcheckpoint, generated from its option table
function __smcheckpoint_columns
	for w in (commandline -opc)
		test -d $w/_delta_log; and smtable schema $w --output tsv 2>/dev/null </dev/null | sed 1d | cut -f1
	end
end
complete -c smcheckpoint -n __fish_use_subcommand -a save -d 'end a pipe: record how far the stream has got in its table'
complete -c smcheckpoint -n __fish_use_subcommand -a show -d 'show where a stream is and where the next run resumes'
complete -c smcheckpoint -n __fish_use_subcommand -a list -d 'list the checkpoints in folders'
complete -c smcheckpoint -n __fish_use_subcommand -a rewind -d 'restart the stream as its next generation'
complete -c smcheckpoint -n __fish_use_subcommand -a accept -d 'continue with a table that was rolled back, without the lost rows'
complete -c smcheckpoint -n '__fish_seen_subcommand_from save' -l verbose -s v -d 'print what was recorded even if standard error is not a terminal'
complete -c smcheckpoint -n '__fish_seen_subcommand_from save' -f -a '(__fish_complete_directories)'
complete -c smcheckpoint -n '__fish_seen_subcommand_from show' -l output -s o -x -a 'auto ndjson json csv tsv table pretty' -d 'the form of the output (default auto: table on a terminal, otherwise ndjson)'
complete -c smcheckpoint -n '__fish_seen_subcommand_from show' -l flatten -d 'csv, tsv, table: a column per member of nested objects (author.id) instead of JSON'
complete -c smcheckpoint -n '__fish_seen_subcommand_from show' -l csv-bom -d 'csv, tsv: begin with a byte order mark, by which spreadsheets recognise UTF-8'
complete -c smcheckpoint -n '__fish_seen_subcommand_from show' -l color -x -a 'auto always never' -d 'colors in table and pretty (default auto: on a terminal, unless NO_COLOR is set)'
complete -c smcheckpoint -n '__fish_seen_subcommand_from show' -f -a '(__fish_complete_directories)'
complete -c smcheckpoint -n '__fish_seen_subcommand_from list' -l output -s o -x -a 'auto ndjson json csv tsv table pretty' -d 'the form of the output (default auto: table on a terminal, otherwise ndjson)'
complete -c smcheckpoint -n '__fish_seen_subcommand_from list' -l flatten -d 'csv, tsv, table: a column per member of nested objects (author.id) instead of JSON'
complete -c smcheckpoint -n '__fish_seen_subcommand_from list' -l csv-bom -d 'csv, tsv: begin with a byte order mark, by which spreadsheets recognise UTF-8'
complete -c smcheckpoint -n '__fish_seen_subcommand_from list' -l color -x -a 'auto always never' -d 'colors in table and pretty (default auto: on a terminal, unless NO_COLOR is set)'
complete -c smcheckpoint -n '__fish_seen_subcommand_from list' -f -a '(__fish_complete_directories)'
complete -c smcheckpoint -n '__fish_seen_subcommand_from rewind' -l table -d 'resume after the last commit that the table still holds, not from the start: what was rolled back is read again'
complete -c smcheckpoint -n '__fish_seen_subcommand_from rewind' -f -a '(__fish_complete_directories)'
complete -c smcheckpoint -n '__fish_seen_subcommand_from accept' -f -a '(__fish_complete_directories)'
complete -c smcheckpoint -l quiet -s q -d 'suppress warnings and notes'
complete -c smcheckpoint -l errors -x -a 'text json' -d 'format of errors'
complete -c smcheckpoint -l metrics -r -d 'keep metrics for Prometheus there (docs/metrics.md)'
complete -c smcheckpoint -l metrics-name -x -d 'their name (default: the stream\'s id)'
complete -c smcheckpoint -l stats -x -d 'write a line of statistics at the end and on SIGUSR1'
complete -c smcheckpoint -l stats-every -x -d 'with --stats: also at this interval'
complete -c smcheckpoint -l help -s h -d 'print this help and exit'
complete -c smcheckpoint -l version -s V -d 'print the version and exit'
