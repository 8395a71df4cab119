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
 * Has the kernel answer system calls of this process with errors, as a container's profile does. There is no way back:
 * only for child processes.
 */
internal class SeccompFilter private constructor(
    private val program: List<Instruction>,
) {
    /** For all threads of the process, also those that are there already. */
    fun install() {
        Arena.ofConfined().use { arena ->
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

    /** One step; a comparison that does not hold skips [isNot] steps. */
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

    companion object {
        /** Refuses [call], or only that with [argument] as its second argument. */
        fun refusing(
            call: Int,
            errno: Int,
            argument: Int? = null,
        ): SeccompFilter {
            val looksAtArgument =
                if (argument == null) {
                    emptyList()
                } else {
                    listOf(
                        Instruction(LOAD_WORD, SECOND_ARGUMENT_OFFSET),
                        Instruction(JUMP_IF_EQUAL, argument, isNot = 1),
                    )
                }
            return SeccompFilter(
                listOf(
                    Instruction(LOAD_WORD, NUMBER_OFFSET),
                    Instruction(JUMP_IF_EQUAL, call, isNot = looksAtArgument.size + 1),
                ) + looksAtArgument + Instruction(RETURN, ACTION_ERRNO or errno) + Instruction(RETURN, ACTION_ALLOW),
            )
        }

        /** What a container runtime makes of [rules]: what none of them allows is refused with EPERM. */
        fun of(
            rules: List<ProfileRule>,
            numbers: Map<String, Int>,
        ): SeccompFilter {
            val steps = mutableListOf<Instruction>()
            for (rule in rules) {
                val answer = if (rule.isAllowed) ACTION_ALLOW else ACTION_ERRNO or rule.errno
                for (number in rule.names.mapNotNull(numbers::get)) steps += stepsOf(rule, number, answer)
            }
            return SeccompFilter(steps + Instruction(RETURN, ACTION_ERRNO or EPERM))
        }

        private fun stepsOf(
            rule: ProfileRule,
            number: Int,
            answer: Int,
        ): List<Instruction> {
            val condition =
                buildList {
                    rule.firstArgument?.let { value ->
                        add(Instruction(LOAD_WORD, FIRST_ARGUMENT_OFFSET))
                        if (rule.isMask) add(Instruction(AND, value.toInt()))
                        add(Instruction(JUMP_IF_EQUAL, if (rule.isMask) 0 else value.toInt(), isNot = 1))
                    }
                }
            return listOf(
                Instruction(LOAD_WORD, NUMBER_OFFSET),
                Instruction(JUMP_IF_EQUAL, number, isNot = condition.size + 1),
            ) + condition + Instruction(RETURN, answer)
        }

        private const val EPERM = 1
        private const val INSTRUCTION_BYTES = 8

        // linux/bpf_common.h and linux/seccomp.h
        private const val LOAD_WORD = 0x20
        private const val JUMP_IF_EQUAL = 0x15
        private const val AND = 0x54
        private const val RETURN = 0x06
        private const val ACTION_ALLOW = 0x7fff0000
        private const val ACTION_ERRNO = 0x00050000
        private const val NUMBER_OFFSET = 0
        private const val FIRST_ARGUMENT_OFFSET = 16
        private const val SECOND_ARGUMENT_OFFSET = 24
        private const val PR_SET_NO_NEW_PRIVS = 38L
        private const val SECCOMP_SET_MODE_FILTER = 1L
        private const val SECCOMP_FILTER_FLAG_TSYNC = 1L

        private val isArm = System.getProperty("os.arch") == "aarch64"
        private val SYS_PRCTL = if (isArm) 167L else 157L
        private val SYS_SECCOMP = if (isArm) 277L else 317L

        private fun systemCall(
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
