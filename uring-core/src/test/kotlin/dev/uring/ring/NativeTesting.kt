package dev.uring.ring

import dev.uring.abi.Posix
import dev.uring.ffi.Libc
import dev.uring.ffi.ResourceLimit
import java.lang.foreign.Arena
import java.lang.foreign.FunctionDescriptor
import java.lang.foreign.Linker
import java.lang.foreign.ValueLayout.JAVA_BYTE
import java.lang.foreign.ValueLayout.JAVA_INT
import java.lang.foreign.ValueLayout.JAVA_LONG
import java.lang.foreign.ValueLayout.JAVA_SHORT

internal const val SIGPIPE = 13

private val linker = Linker.nativeLinker()

private val tgkill =
    linker.downcallHandle(
        linker.defaultLookup().find("tgkill").orElseThrow(),
        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT),
    )

private val prctl =
    linker.downcallHandle(
        linker.defaultLookup().find("prctl").orElseThrow(),
        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
        Linker.Option.firstVariadicArg(1),
    )

/** Sends [signal] to one thread of this process; a thread that has ended is no error. */
internal fun signalThread(
    threadId: Int,
    signal: Int,
) {
    tgkill.invokeWithArguments(ProcessHandle.current().pid().toInt(), threadId, signal)
}

/** Runs [block] with a lower soft limit of open descriptors. */
internal fun <T> withDescriptorLimit(
    descriptorsMax: Int,
    block: () -> T,
): T {
    val before = Libc.getrlimit(Posix.RLIMIT_NOFILE)
    ok("setrlimit", Libc.setrlimit(Posix.RLIMIT_NOFILE, ResourceLimit(descriptorsMax.toLong(), before.hard())))
    try {
        return block()
    } finally {
        ok("setrlimit", Libc.setrlimit(Posix.RLIMIT_NOFILE, before))
    }
}

/**
 * Runs [block] on a thread for which a seccomp filter answers system call [number] with [errno].
 *
 * The filter binds that thread and the threads it starts, not the rest of the process.
 */
internal fun <T> withSystemCallRefused(
    number: Long,
    errno: Int,
    block: () -> T,
): T {
    var result: Result<T>? = null
    Thread
        .ofPlatform()
        .start {
            result =
                runCatching {
                    installFilter(number, errno)
                    block()
                }
        }.join()
    return checkNotNull(result).getOrThrow()
}

// <linux/filter.h>, <linux/seccomp.h>, <linux/prctl.h>
private const val PR_SET_SECCOMP = 22
private const val PR_SET_NO_NEW_PRIVS = 38
private const val SECCOMP_MODE_FILTER = 2L
private const val SECCOMP_RET_ERRNO = 0x0005_0000
private const val SECCOMP_RET_ALLOW = 0x7fff_0000
private const val BPF_LOAD_WORD = 0x20
private const val BPF_JUMP_IF_EQUAL = 0x15
private const val BPF_RETURN = 0x06
private const val INSTRUCTION_BYTES = 8L

private fun installFilter(
    number: Long,
    errno: Int,
) = Arena.ofConfined().use { arena ->
    val instructions =
        listOf(
            Instruction(BPF_LOAD_WORD, skipIfFalse = 0, value = 0),
            Instruction(BPF_JUMP_IF_EQUAL, skipIfFalse = 1, value = number.toInt()),
            Instruction(BPF_RETURN, skipIfFalse = 0, value = SECCOMP_RET_ERRNO or errno),
            Instruction(BPF_RETURN, skipIfFalse = 0, value = SECCOMP_RET_ALLOW),
        )
    val filter = arena.allocate(instructions.size * INSTRUCTION_BYTES, INSTRUCTION_BYTES)
    instructions.forEachIndexed { i, instruction ->
        filter.set(JAVA_SHORT, i * INSTRUCTION_BYTES, instruction.code.toShort())
        filter.set(JAVA_BYTE, i * INSTRUCTION_BYTES + 3, instruction.skipIfFalse.toByte())
        filter.set(JAVA_INT, i * INSTRUCTION_BYTES + 4, instruction.value)
    }
    val program = arena.allocate(16, 8)
    program.set(JAVA_SHORT, 0, instructions.size.toShort())
    program.set(JAVA_LONG, 8, filter.address())
    check(prctl.invokeWithArguments(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0) { "no_new_privs refused" }
    check(prctl.invokeWithArguments(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program.address(), 0L, 0L) == 0) {
        "seccomp filter refused"
    }
}

private class Instruction(
    val code: Int,
    val skipIfFalse: Int,
    val value: Int,
)
