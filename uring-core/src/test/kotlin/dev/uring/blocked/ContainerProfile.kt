package dev.uring.blocked

import java.nio.file.Path
import kotlin.io.path.readLines
import kotlin.io.path.readText

/** What a container's seccomp profile says about one system call. */
internal class ProfileRule(
    val names: List<String>,
    val isAllowed: Boolean,
    val errno: Int,
    val firstArgument: Long?,
    val isMask: Boolean,
)

/**
 * The profile of this repository, read as far as it goes: rules that allow or refuse, the first argument compared or
 * masked. Anything else in it is an error here, so that the file cannot say what this does not try.
 */
internal object ContainerProfile {
    private val path: Path = Path.of("..", "samples", "containers", "seccomp.json")
    private val names = Regex(""""names":\s*\[([^]]*)]""")
    private val text = Regex(""""([a-z0-9_]+)"""")

    fun rules(): List<ProfileRule> {
        val source = path.readText()
        check("\"defaultAction\": \"SCMP_ACT_ERRNO\"" in source) { "no allow list: $path" }
        val found = names.findAll(source).toList()
        return found.mapIndexed { index, match ->
            val rest = source.substring(match.range.last, found.getOrNull(index + 1)?.range?.first ?: source.length)
            val action = requireNotNull(Regex(""""action":\s*"SCMP_ACT_(\w+)"""").find(rest)).groupValues[1]
            val operator = Regex(""""op":\s*"SCMP_CMP_(\w+)"""").findAll(rest).map { it.groupValues[1] }.toList()
            check(action in setOf("ALLOW", "ERRNO") && operator.size <= 1) { "unknown rule: $rest" }
            check(operator.all { it == "EQ" || it == "MASKED_EQ" }) { "unknown comparison: $rest" }
            ProfileRule(
                text.findAll(match.groupValues[1]).map { it.groupValues[1] }.toList(),
                action == "ALLOW",
                number("errnoRet", rest)?.toInt() ?: 0,
                number("value", rest),
                operator.singleOrNull() == "MASKED_EQ",
            )
        }
    }

    private fun number(
        name: String,
        rest: String,
    ): Long? =
        Regex(""""$name":\s*(\d+)""")
            .find(rest)
            ?.groupValues
            ?.get(1)
            ?.toLong()

    /** The numbers of this machine's system calls, from the kernel's header. */
    fun numbers(): Map<String, Int> {
        val definition = Regex("""#define __NR_(\w+)\s+(\d+)""")
        return header
            .readLines()
            .mapNotNull { definition.matchEntire(it.trim()) }
            .associate { it.groupValues[1] to it.groupValues[2].toInt() }
    }

    val header: Path = Path.of("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
}
