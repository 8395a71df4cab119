package dev.uring.blocked

import java.lang.foreign.Arena
import java.lang.foreign.FunctionDescriptor
import java.lang.foreign.Linker
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout.ADDRESS
import java.lang.foreign.ValueLayout.JAVA_INT
import java.lang.foreign.ValueLayout.JAVA_LONG
import java.lang.foreign.ValueLayout.JAVA_SHORT

/**
 * Has the kernel answer a system call of this process with an error, as a container's profile does. There is no way back:
 * only for child processes.
 *
 * @property call the call's number
 * @property argument what its second argument must be, or null for any
 * @property errno the answer
 */
internal class SeccompFilter(
    private val call: Int,
    private val argument: Int?,
    private val errno: Int,
) {
    /** For all threads of the process, also those that are there already. */
    fun install() {
        Arena.ofConfined().use { arena ->
            val program = program()
            val filter = arena.allocate(program.size.toLong() * INSTRUCTION_BYTES, Long.SIZE_BYTES.toLong())
            program.forEachIndexed { index, instruction -> instruction.write(filter, index * INSTRUCTION_BYTES) }
            val description = arena.allocate(16, Long.SIZE_BYTES.toLong())
            description.set(JAVA_SHORT, 0, program.size.toShort())
            description.set(ADDRESS, 8, filter)
            val noNewPrivileges = systemCall(SYS_PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0)
            check(noNewPrivileges == 0L) { "prctl(PR_SET_NO_NEW_PRIVS) returned $noNewPrivileges" }
            val installed =
                systemCall(SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, description.address())
            check(installed == 0L) { "seccomp returned $installed" }
        }
    }

    // Jumps count the instructions that are skipped; the two answers are the last ones.
    private fun program(): List<Instruction> =
        if (argument == null) {
            listOf(
                Instruction(LOAD_WORD, NUMBER_OFFSET),
                Instruction(JUMP_IF_EQUAL, call, isNot = 1),
                Instruction(RETURN, ACTION_ERRNO or errno),
                Instruction(RETURN, ACTION_ALLOW),
            )
        } else {
            listOf(
                Instruction(LOAD_WORD, NUMBER_OFFSET),
                Instruction(JUMP_IF_EQUAL, call, isNot = 3),
                Instruction(LOAD_WORD, SECOND_ARGUMENT_OFFSET),
                Instruction(JUMP_IF_EQUAL, argument, isNot = 1),
                Instruction(RETURN, ACTION_ERRNO or errno),
                Instruction(RETURN, ACTION_ALLOW),
            )
        }

    private class Instruction(
        val code: Int,
        val operand: Int,
        val isNot: Int = 0,
    ) {
        fun write(
            filter: MemorySegment,
            at: Int,
        ) {
            filter.set(JAVA_SHORT, at.toLong(), code.toShort())
            filter.set(java.lang.foreign.ValueLayout.JAVA_BYTE, at + 3L, isNot.toByte())
            filter.set(JAVA_INT, at + 4L, operand)
        }
    }

    private companion object {
        const val INSTRUCTION_BYTES = 8

        // linux/bpf_common.h and linux/seccomp.h
        const val LOAD_WORD = 0x20
        const val JUMP_IF_EQUAL = 0x15
        const val RETURN = 0x06
        const val ACTION_ALLOW = 0x7fff0000
        const val ACTION_ERRNO = 0x00050000
        const val NUMBER_OFFSET = 0
        const val SECOND_ARGUMENT_OFFSET = 24
        const val PR_SET_NO_NEW_PRIVS = 38L
        const val SECCOMP_SET_MODE_FILTER = 1L
        const val SECCOMP_FILTER_FLAG_TSYNC = 1L

        val isArm = System.getProperty("os.arch") == "aarch64"
        val SYS_PRCTL = if (isArm) 167L else 157L
        val SYS_SECCOMP = if (isArm) 277L else 317L

        fun systemCall(
            number: Long,
            vararg arguments: Long,
        ): Long {
            val linker = Linker.nativeLinker()
            val handle =
                linker.downcallHandle(
                    linker.defaultLookup().find("syscall").orElseThrow(),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                    Linker.Option.firstVariadicArg(1),
                )
            val (first, second, third) = arguments.toList()
            return handle.invokeWithArguments(number, first, second, third, 0L, 0L) as Long
        }
    }
}
