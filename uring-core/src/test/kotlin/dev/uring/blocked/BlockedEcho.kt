package dev.uring.blocked

import dev.uring.DriverChoice
import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.abi.Posix
import dev.uring.ffi.Libc
import dev.uring.ffi.ResourceLimit
import dev.uring.net.ConnectionHandler
import java.net.Socket
import java.time.Duration

/** What is done to a process before it starts its runtime. */
internal enum class Blockade(
    val install: () -> Unit,
) {
    NONE({}),
    SETUP_FORBIDDEN({ SeccompFilter.refusing(SYS_IO_URING_SETUP, EPERM).install() }),
    SETUP_MISSING({ SeccompFilter.refusing(SYS_IO_URING_SETUP, ENOSYS).install() }),
    SETUP_OUT_OF_MEMORY({ SeccompFilter.refusing(SYS_IO_URING_SETUP, ENOMEM).install() }),
    ENTER_FORBIDDEN({ SeccompFilter.refusing(SYS_IO_URING_ENTER, EPERM).install() }),
    BUFFER_RINGS_MISSING(
        { SeccompFilter.refusing(SYS_IO_URING_REGISTER, EINVAL, IORING_REGISTER_PBUF_RING).install() },
    ),
    PROBE_FORBIDDEN({ SeccompFilter.refusing(SYS_IO_URING_REGISTER, EPERM, IORING_REGISTER_PROBE).install() }),
    CONTAINER({ SeccompFilter.of(ContainerProfile.rules(), ContainerProfile.numbers()).install() }),
    CONTAINER_WITHOUT_IO_URING({
        val rules = ContainerProfile.rules().filter { "io_uring_setup" !in it.names }
        SeccompFilter.of(rules, ContainerProfile.numbers()).install()
    }),
    NO_LOCKED_MEMORY({
        check(Libc.setrlimit(Posix.RLIMIT_MEMLOCK, ResourceLimit(0, 0)) == 0) { "setrlimit" }
    }),
}

// The same numbers on x86_64 and aarch64.
private const val SYS_IO_URING_SETUP = 425
private const val SYS_IO_URING_ENTER = 426
private const val SYS_IO_URING_REGISTER = 427
private const val IORING_REGISTER_PROBE = 8
private const val IORING_REGISTER_PBUF_RING = 22
private const val EPERM = 1
private const val ENOMEM = 12
private const val EINVAL = 22
private const val ENOSYS = 38

/**
 * Echoes one message under a blockade and says on which driver: `driver=nio echoed=hello`. With a second argument that
 * driver is demanded; when it cannot be had the output is `refused: ` and why.
 */
internal object BlockedEcho {
    @JvmStatic
    fun main(arguments: Array<String>) {
        Blockade.valueOf(arguments[0]).install()
        val config =
            RuntimeConfig
                .builder()
                .workersCount(2)
                .pinWorkers(false)
                // A process that has just begun loads classes in its workers' turns, and its warnings are counted.
                .stallThreshold(Duration.ZERO)
        arguments.getOrNull(1)?.let { config.driver(DriverChoice.valueOf(it)) }
        val runtime =
            try {
                UringRuntime.start(config.build())
            } catch (refused: RuntimeException) {
                println("refused: ${refused.message?.replace('\n', '|')}")
                return
            }
        runtime.use {
            val echo =
                ConnectionHandler { connection, bytes ->
                    connection.write(bytes)
                    bytes.size()
                }
            val listener = it.listen("127.0.0.1:0") { echo }
            Socket("127.0.0.1", listener.port()).use { client ->
                client.getOutputStream().write("hello".toByteArray())
                println("driver=${it.driverName()} echoed=${String(client.getInputStream().readNBytes(5))}")
            }
        }
    }
}
