package dev.uring.bench.echo

import dev.uring.bench.BenchSession
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long

/**
 * An echo server that can be measured, in a process of its own.
 *
 * @property command how to start it in a session
 * @property unavailable why it cannot run here, or null
 */
class EchoSubject private constructor(
    val name: String,
    private val command: (BenchSession) -> List<String>,
    val unavailable: (BenchSession) -> String?,
) {
    /** Starts the server on its CPU, or where [pinned] says, and waits until it listens. */
    fun start(
        session: BenchSession,
        pinned: (List<String>) -> List<String> = session.placement::onServerCpu,
        name: String = this.name,
    ): RunningEcho {
        val child = session.pool.start(name, pinned(command(session)))
        return RunningEcho(name, ControlledProcess(child))
    }

    companion object {
        private const val PACKAGE = "dev.uring.bench.subject"

        /** Has our subjects run on the JDK's selector, as they would where io_uring is blocked. */
        private const val ON_NIO = "-During.driver=nio"

        /** In table order: ours, then peers, then the physical limits. */
        val ALL: List<EchoSubject> =
            listOf(
                java("uring-dsl", "UringDslEcho", needs = ::ioUring),
                java("uring-callback", "UringCallbackEcho", needs = ::ioUring),
                java("nio-dsl", "UringDslEcho", listOf(ON_NIO)),
                java("nio-callback", "UringCallbackEcho", listOf(ON_NIO)),
                java("netty-epoll", "NettyEpollEcho", JavaCommand.NETTY_FLAGS, needs = { nettyNatives() }),
                java("netty-io_uring", "NettyIoUringEcho", JavaCommand.NETTY_FLAGS) { nettyNatives() ?: ioUring(it) },
                java("jdk-nio", "NioEcho"),
                native("c-uring", "echo_uring") { it.native.unavailable ?: ioUring(it) },
                native("c-epoll", "echo_epoll") { it.native.unavailable },
            )

        /** `jdk-nio` with faults that can be switched on: never in a table, only for the self-check. */
        val TWIN = java("jdk-nio-twin", "NioEchoTwin")

        /** `uring-callback` that keeps memory for each connection: never in a table, only for the self-check. */
        val HOARDER = java("uring-hoarder", "UringHoarder", needs = ::ioUring)

        private fun java(
            name: String,
            mainClass: String,
            flags: List<String> = emptyList(),
            needs: (BenchSession) -> String? = { null },
        ) = EchoSubject(name, { JavaCommand.of("$PACKAGE.$mainClass", JavaCommand.FLAGS + flags) }, needs)

        private fun native(
            name: String,
            program: String,
            needs: (BenchSession) -> String?,
        ) = EchoSubject(name, { listOf(it.native.executable(program).toString()) }, needs)

        private fun ioUring(session: BenchSession): String? = session.ioUringUnavailable

        private fun nettyNatives(): String? {
            val architecture = System.getProperty("os.arch")
            return if (architecture ==
                "amd64"
            ) {
                null
            } else {
                "this build has Netty's native transports for amd64, not $architecture"
            }
        }
    }
}

/** A started echo server; its pool ends it. */
class RunningEcho(
    override val name: String,
    val process: ControlledProcess,
) : MeasuredServer {
    override val port: Int =
        process.announcement
            .getValue("port")
            .jsonPrimitive.content
            .toInt()

    override val pid: Long get() = process.child.pid

    override val settings: String =
        process.announcement
            .getValue("settings")
            .jsonPrimitive.content

    override fun counters(): Map<String, Long> = process.request("STATS").mapValues { it.value.jsonPrimitive.long }
}
