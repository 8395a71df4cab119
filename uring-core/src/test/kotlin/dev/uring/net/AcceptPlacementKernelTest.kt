package dev.uring.net

import dev.uring.UringRuntime
import dev.uring.socket.AcceptPlacement
import dev.uring.socket.SocketOptions
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.await
import dev.uring.testing.block
import dev.uring.testing.call
import dev.uring.testing.closeInTime
import dev.uring.testing.driverTest
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.net.InetSocketAddress
import java.net.Socket
import java.nio.channels.SocketChannel
import java.util.concurrent.TimeUnit

private val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }

private fun options(placement: AcceptPlacement): SocketOptions =
    SocketOptions.builder().acceptPlacement(placement).build()

private fun <T> withWorkers(
    count: Int,
    connectionsMax: Int = 100,
    block: (UringRuntime) -> T,
): T =
    leavesNothingBehind {
        val runtime =
            UringRuntime.start(smallConfig().workersCount(count).connectionsPerWorkerMax(connectionsMax).build())
        try {
            block(runtime)
        } finally {
            runtime.closeInTime()
        }
    }

private fun UringRuntime.accepted() = snapshots().map { it.connectionsAccepted() }

private fun connected(
    listener: Listener,
    from: String = "127.0.0.1",
): Socket =
    Socket().apply {
        soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
        bind(InetSocketAddress(from, 0))
        connect(listener.localAddress())
    }

private fun Socket.echoes(text: String) =
    apply {
        send(text)
        receiveText(text.length) shouldBe text
    }

class AcceptPlacementKernelTest :
    FunSpec({
        driverTest("by turns every worker gets the same number") {
            withWorkers(3) { runtime ->
                val listener = runtime.listen("127.0.0.1:0", options(AcceptPlacement.ROUND_ROBIN)) { echo }
                repeat(12) { connected(listener).echoes("x").close() }
                runtime.accepted() shouldBe listOf(4L, 4L, 4L)
            }
        }

        driverTest("the worker with the fewest connections gets the next one") {
            withWorkers(2) { runtime ->
                val everywhere = runtime.listen("127.0.0.1:0") { echo }
                // Other connections, not of this listener, that one of the workers has more of than the other.
                val others = List(9) { connected(everywhere).echoes("x") }
                val before = runtime.snapshots().map { it.connectionsActive() }
                val listener = runtime.listen("127.0.0.1:0", options(AcceptPlacement.LEAST_CONNECTIONS)) { echo }
                val more = maxOf(before[0], before[1]) - minOf(before[0], before[1])
                val clients = List(more) { connected(listener).echoes("x") }
                runtime.snapshots().map { it.connectionsActive() }.toSet() shouldBe setOf(before.max())
                (others + clients).forEach { it.close() }
            }
        }

        driverTest("by chance every worker gets some") {
            withWorkers(2) { runtime ->
                val listener = runtime.listen("127.0.0.1:0", options(AcceptPlacement.RANDOM)) { echo }
                // That 60 of them go to one worker is less likely than that the machine fails.
                repeat(60) { connected(listener).echoes("x").close() }
                runtime.accepted().forEach { it shouldBeGreaterThan 0L }
            }
        }

        driverTest("connections from one address meet on one worker, and many addresses use them all") {
            withWorkers(3) { runtime ->
                val listener = runtime.listen("127.0.0.1:0", options(AcceptPlacement.SOURCE_HASH)) { echo }
                repeat(10) { connected(listener, "127.0.0.9").echoes("x").close() }
                runtime.accepted().sorted() shouldBe listOf(0L, 0L, 10L)
                for (i in 1..60) connected(listener, "127.0.1.$i").echoes("x").close()
                runtime.accepted().forEach { it shouldBeGreaterThan 5L }
            }
        }

        driverTest(
            "a full worker is passed over, and when all are full the next connection waits for the first to end",
        ) {
            withWorkers(2, connectionsMax = 2) { runtime ->
                val listener = runtime.listen("127.0.0.1:0", options(AcceptPlacement.ROUND_ROBIN)) { echo }
                val clients = List(4) { connected(listener).echoes("x") }
                runtime.snapshots().map { it.connectionsActive() } shouldBe listOf(2, 2)
                val waiting = List(3) { connected(listener).apply { send("late") } }
                runtime.accepted().sum() shouldBe 4L
                // One of the second worker, which did not accept it: the accepting one has to hear of the room.
                clients[0].close()
                waiting[0].receiveText(4) shouldBe "late"
                clients.forEach { it.close() }
                for (client in waiting.drop(1)) client.receiveText(4) shouldBe "late"
                waiting.forEach { it.close() }
                await { runtime.snapshots().all { it.connectionsActive() == 0 } }
            }
        }

        driverTest("a listener that closes while connections are handed over leaves no socket") {
            withWorkers(3) { runtime ->
                repeat(30) {
                    val listener = runtime.listen("127.0.0.1:0", options(AcceptPlacement.ROUND_ROBIN)) { echo }
                    val clients = List(50) { SocketChannel.open().apply { configureBlocking(false) } }
                    clients.forEach { it.connect(listener.localAddress()) }
                    listener.close()
                    listener.closed().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
                    clients.forEach { it.close() }
                }
            }
        }

        driverTest("a runtime that stops with connections on their way to a busy worker leaves no socket") {
            withWorkers(2) { runtime ->
                val listener = runtime.listen("127.0.0.1:0", options(AcceptPlacement.ROUND_ROBIN)) { echo }
                val gate = runtime.worker(1).block()
                val clients = List(20) { connected(listener) }
                await { runtime.snapshots()[0].connectionsAccepted() >= 9L }
                runtime.worker(0).call { }
                runtime.shutdown()
                gate.countDown()
                runtime.closeInTime()
                clients.forEach { it.close() }
            }
        }
    })
