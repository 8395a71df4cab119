package dev.uring.script

/** The script was called wrongly: shown to its user as one line, without a stack; exit status 2. */
public class ScriptUsageException(
    message: String,
) : IllegalArgumentException(message)
