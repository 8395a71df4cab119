package dev.uring.bench.message

import dev.uring.bench.process.JavaCommand
import java.nio.file.Path

/**
 * What is measured, in table order.
 *
 * @property subject its name in tables
 * @property flags of its JVM
 * @property open makes its two ends, which may keep files in a directory of their own
 */
enum class MessageLibrary(
    val subject: String,
    val flags: List<String> = JavaCommand.FLAGS,
    private val carriesOnly: (MessageWorkload) -> Boolean = { true },
    val open: (directory: Path) -> MessageEnds,
) {
    URING("uring", open = { UringMessages(it) }),
    RAW_ECHO("uring-raw-echo", carriesOnly = { it.isRoundTrip }, open = { RawEcho(it) }),
    NETTY("netty-epoll", flags = JavaCommand.FLAGS + JavaCommand.NETTY_FLAGS, open = { NettyMessages(it) }),

    // Its ipc:// is TCP over loopback.
    JEROMQ("jeromq", carriesOnly = { !it.isUnix }, open = { JeroMessages() }),
    AERON_UDP("aeron-udp", AERON_FLAGS, { !it.isUnix && isForAeron(it) }, { AeronMessages(it, isIpc = false) }),
    AERON_IPC("aeron-ipc", AERON_FLAGS, { it.isUnix && isForAeron(it) }, { AeronMessages(it, isIpc = true) }),
    BASELINE(
        "one-reactor-baseline",
        // The selector of the JDK that calls poll(2).
        flags =
            JavaCommand.FLAGS +
                "-Djava.nio.channels.spi.SelectorProvider=sun.nio.ch.PollSelectorProvider",
        open = { ReactorMessages(it) },
    ),
    ;

    /** Whether it is measured with [workload]. */
    fun carries(workload: MessageWorkload): Boolean = carriesOnly(workload)

    companion object {
        /** The one whose subject is called [name]. */
        fun of(name: String): MessageLibrary =
            entries.firstOrNull { it.subject == name }
                ?: throw IllegalArgumentException("no subject is called $name")
    }
}

// As its manual has it; the second is what it reads of a datagram channel's inside.
private val AERON_FLAGS =
    JavaCommand.FLAGS +
        listOf(
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            "-Dagrona.disable.bounds.checks=true",
        )

// Each channel of Aeron's is a log of three terms in shared memory, and another one of each receiver.
private fun isForAeron(workload: MessageWorkload) = workload.channels <= AeronMessages.CHANNELS_MAX
