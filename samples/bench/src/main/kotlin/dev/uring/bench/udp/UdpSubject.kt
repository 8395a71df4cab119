package dev.uring.bench.udp

import dev.uring.bench.BenchSession
import dev.uring.bench.echo.RunningEcho
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand

/**
 * A UDP echo server that can be measured, in a process of its own.
 *
 * @property unavailable why it cannot run here, or null
 */
class UdpSubject private constructor(
    val name: String,
    private val command: (BenchSession) -> List<String>,
    val unavailable: (BenchSession) -> String?,
) {
    /** Starts the server on its CPU and waits until it is bound. */
    fun start(session: BenchSession): RunningEcho {
        val child = session.pool.start(name, session.placement.onServerCpu(command(session)))
        return RunningEcho(name, ControlledProcess(child))
    }

    companion object {
        const val DSL = "uring-dsl"
        const val CALLBACK = "uring-callback"
        const val NETTY_EPOLL = "netty-epoll"
        const val NETTY_URING = "netty-io_uring"
        const val JDK = "jdk-nio"
        const val C_URING = "c-uring"

        private const val PACKAGE = "dev.uring.bench.subject"

        /** In table order: ours, then peers, then the physical limit. */
        val ALL: List<UdpSubject> =
            listOf(
                java(DSL, "UringDslUdpEcho", needs = ::ioUring),
                java(CALLBACK, "UringCallbackUdpEcho", needs = ::ioUring),
                java(NETTY_EPOLL, "NettyEpollUdpEcho", JavaCommand.NETTY_FLAGS, needs = { nettyNatives() }),
                java(NETTY_URING, "NettyIoUringUdpEcho", JavaCommand.NETTY_FLAGS) { nettyNatives() ?: ioUring(it) },
                java(JDK, "NioUdpEcho"),
                UdpSubject(C_URING, { listOf(it.native.executable("udp_uring").toString()) }, ::ioUring),
            )

        /** `jdk-nio` with faults that can be switched on: never in a table, only for the self-check. */
        val TWIN = java("jdk-nio-twin", "NioUdpEchoTwin")

        private fun java(
            name: String,
            mainClass: String,
            flags: List<String> = emptyList(),
            needs: (BenchSession) -> String? = { null },
        ) = UdpSubject(name, { JavaCommand.of("$PACKAGE.$mainClass", JavaCommand.FLAGS + flags) }, needs)

        private fun ioUring(session: BenchSession): String? = session.ioUringUnavailable

        private fun nettyNatives(): String? {
            val architecture = System.getProperty("os.arch")
            if (architecture == "amd64") return null
            return "this build has Netty's native transports for amd64, not $architecture"
        }
    }
}
