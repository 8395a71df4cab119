package dev.uring.script

/** Tells an exception of a script from its user's side: where in the script first, then the stack as far as the script goes. */
internal object ScriptFailure {
    fun render(
        failure: Throwable,
        script: ScriptText,
    ): String {
        val place = causes(failure).firstNotNullOfOrNull { it.frameIn(script) }
        causes(failure).forEach { it.endAt(script) }
        val first = ScriptMessage("error", failure.toString(), place?.lineNumber, column = null).render(script)
        return first + "\n" + failure.stackTraceToString().trimEnd()
    }

    // Exceptions may be their own cause by way of others; a short limit is simpler than remembering which were seen.
    private fun causes(failure: Throwable): Sequence<Throwable> =
        generateSequence(failure) { it.cause }.take(CAUSES_MAX)

    private fun Throwable.frameIn(script: ScriptText): StackTraceElement? =
        stackTrace.firstOrNull { it.fileName == script.fileName && it.lineNumber > 0 }

    // What called the script, its host and the runtime, is the same for every script and says nothing about this one.
    private fun Throwable.endAt(script: ScriptText) {
        val last = stackTrace.indexOfLast { it.fileName == script.fileName }
        if (last >= 0) stackTrace = stackTrace.copyOf(last + 1).requireNoNulls()
    }

    private const val CAUSES_MAX = 16
}
