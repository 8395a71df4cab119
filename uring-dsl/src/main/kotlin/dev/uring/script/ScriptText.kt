package dev.uring.script

import java.nio.file.Path
import kotlin.io.path.name
import kotlin.io.path.readText

/** One script as read once: the same text is hashed, compiled and quoted in messages, whatever happens to the file meanwhile. */
internal class ScriptText(
    val file: Path,
    val text: String,
) {
    /** Becomes the class name and the file name in stack traces. */
    val fileName: String get() = file.name

    /** Line [number], counted from one, or null outside the text. */
    fun line(number: Int): String? = text.lineSequence().drop(number - 1).firstOrNull()

    companion object {
        fun read(file: Path): ScriptText = ScriptText(file, file.readText())
    }
}

/** Something to tell about a script, at a place in it when known; lines and columns count from one. */
internal class ScriptMessage(
    val severity: String,
    val text: String,
    val line: Int?,
    val column: Int?,
) {
    /**
     * As compilers print it, so that editors find the place:
     * ```
     * echo.uring.kts:3:5: error: unresolved reference 'tpc'
     *     tpc("127.0.0.1:7000") { conn ->
     *     ^
     * ```
     */
    fun render(script: ScriptText): String {
        val place = listOfNotNull(script.file, line, column).joinToString(":")
        val quoted = line?.let { script.line(it) }?.takeIf { it.isNotBlank() } ?: return "$place: $severity: $text"
        val marker = column?.let { "\n" + pad(quoted, it - 1) + "^" }.orEmpty()
        return "$place: $severity: $text\n$quoted$marker"
    }

    // Tabs stay tabs: the marker must stand under the character whatever the terminal's tab width.
    private fun pad(
        line: String,
        count: Int,
    ): String = buildString { repeat(count) { append(if (line.getOrNull(it) == '\t') '\t' else ' ') } }
}
