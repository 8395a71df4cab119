package dev.uring.net

import dev.uring.base.ConnectionLostException
import dev.uring.base.SendQueueFullException
import dev.uring.testing.Guarded
import dev.uring.testing.Recorder
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receive
import dev.uring.testing.receiveText
import dev.uring.testing.reset
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20

class HandedOverSendKernelTest :
    FunSpec({
        driverTest("copied parts, leases and guards arrive in the order of the calls") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val guard = Guarded("5guard6".toByteArray())
                recorder.connection().call {
                    writeUtf8("1copy2")
                    val lease = worker().lease(16)
                    lease.putAscii("3lease4")
                    write(lease)
                    lease.isHeld shouldBe false
                    write(guard)
                    writeUtf8("7copy8")
                    unsentBytes() shouldBe 26
                }
                client.receiveText(26) shouldBe "1copy23lease45guard67copy8"
                await { guard.releases == 1 }
            }
        }

        driverTest("parts of a turn, handed over or copied, leave in one operation") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                val guards = List(20) { Guarded(ByteArray(KIB)) }
                val before = connection.call { server.worker.snapshot().submitted() }
                connection.call {
                    for (guard in guards) {
                        writeUtf8("copy")
                        write(guard)
                        write(worker().lease(KIB).also { it.putLong(1) })
                    }
                }
                client.receive(20 * (4 + KIB + 8))
                // The send; the wakes of the two tasks and the reads that wait for them.
                (connection.call { server.worker.snapshot().submitted() } - before) shouldBeLessThanOrEqualTo 6L
                guards.map { it.releases } shouldBe List(20) { 1 }
            }
        }

        driverTest("random parts of every kind reach a slow reader byte-exact, and each guard is released once") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val stream = random.nextBytes(8 * MIB)
                val recorder = Recorder()
                val guards = ArrayList<Guarded>()
                withServer(recorder) { server ->
                    val client = server.connect(receiveBufferBytes = 8 * KIB)
                    val connection = recorder.connection()
                    val received = CompletableFuture.supplyAsync { client.receive(stream.size) }
                    var at = 0
                    while (at < stream.size) {
                        connection.call {
                            repeat(random.nextInt(1, 200)) {
                                val from = at
                                at = minOf(at + random.nextInt(1, 20_000), stream.size)
                                writeAsAnyKind(random.nextInt(3), stream.copyOfRange(from, at))?.let(guards::add)
                            }
                        }
                        await { connection.call { unsentBytes() } < MIB }
                    }
                    received.get(20, TimeUnit.SECONDS).contentEquals(stream) shouldBe true
                    await { connection.call { unsentBytes() } == 0L }
                    guards.all { it.releases == 1 } shouldBe true
                }
            }
        }

        driverTest("a guard may write, hand over again and close when it is released") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                var rounds = 0
                lateinit var guard: SendGuard
                val memory =
                    Arena
                        .ofAuto()
                        .allocate(4)
                        .also { it.setString(0, "abc") }
                        .asSlice(0, 3)
                guard =
                    SendGuard.of(memory) {
                        connection.writeUtf8("-")
                        connection.flush()
                        if (++rounds < 100) connection.write(guard) else connection.close()
                    }
                connection.call { write(guard) }
                String(client.getInputStream().readAllBytes()) shouldBe "abc-".repeat(100)
                server.worker.snapshot().failures() shouldBe 0
            }
        }

        driverTest("a guard that throws is counted, and the connection goes on") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val guard = Guarded("x".toByteArray()) { error("thrown by a test") }
                recorder.connection().call {
                    write(guard)
                    writeUtf8("y")
                }
                client.receiveText(2) shouldBe "xy"
                await { server.worker.snapshot().failures() == 1L }
                recorder.connection().call { isOpen } shouldBe true
            }
        }

        driverTest("what a closed or aborted connection is handed over is given back unsent") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                val guards = List(4) { Guarded(ByteArray(MIB)) }
                connection.call {
                    write(guards[0])
                    write(worker().lease(KIB).also { it.putInt(1) })
                    abort()
                    write(guards[1])
                    write(worker().lease(KIB).also { it.putInt(1) })
                    // The program is told at the top of the loop, never inside its own call.
                    guards.map { it.releases } shouldBe List(4) { 0 }
                }
                recorder.closed().shouldBeInstanceOf<ConnectionLostException>()
                server.worker.call { connection.write(guards[2]) }
                await { guards.take(3).all { it.releases == 1 } }
                runCatching { client.getInputStream().readAllBytes() }
                guards.map { it.releases } shouldBe listOf(1, 1, 1, 0)
            }
        }

        driverTest("a peer that resets with guards queued and under way releases each of them once") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect(receiveBufferBytes = 8 * KIB)
                val guards = List(300) { Guarded(ByteArray(64 * KIB)) }
                recorder.connection().call { guards.forEach(::write) }
                client.receive(64 * KIB)
                client.reset()
                recorder.closed().shouldBeInstanceOf<ConnectionLostException>()
                await { guards.all { it.releases == 1 } }
            }
        }

        driverTest("a queue that is full gives back what is handed over to it and ends the connection") {
            val recorder = Recorder()
            val config = smallConfig().sendQueueBytesMax(256L * KIB).sendHighWaterBytes(64L * KIB).build()
            withServer(recorder, config) { server ->
                server.connect()
                val guards = List(3) { Guarded(ByteArray(200 * KIB)) }
                recorder.connection().call {
                    write(guards[0])
                    write(guards[1])
                    shouldThrow<SendQueueFullException> { write(guards[2]) }
                    write(worker().lease(KIB).also { it.putInt(1) })
                }
                recorder.closed().shouldBeInstanceOf<SendQueueFullException>()
                await { guards.all { it.releases == 1 } }
            }
        }

        driverTest("a lease meets a full queue, and its memory goes back") {
            val recorder = Recorder()
            val config = smallConfig().sendQueueBytesMax(256L * KIB).sendHighWaterBytes(64L * KIB).build()
            withServer(recorder, config) { server ->
                server.connect()
                recorder.connection().call {
                    write(ByteArray(256 * KIB))
                    val lease = worker().lease(KIB).also { it.putInt(1) }
                    shouldThrow<SendQueueFullException> { write(lease) }
                    lease.isHeld shouldBe false
                }
                recorder.closed().shouldBeInstanceOf<SendQueueFullException>()
            }
        }

        driverTest("empty leases and guards are given back and change nothing") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                val guard = Guarded(ByteArray(0))
                recorder.connection().call {
                    write(worker().lease(KIB))
                    write(guard)
                    unsentBytes() shouldBe 0
                    writeUtf8("only this")
                }
                client.receiveText(9) shouldBe "only this"
                await { guard.releases == 1 }
            }
        }

        driverTest("memory that the kernel could not read is refused and stays the program's") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                server.connect()
                var released = 0
                Arena.ofConfined().use { ofThisThread ->
                    recorder.connection().call {
                        shouldThrow<IllegalArgumentException> {
                            write(SendGuard.of(MemorySegment.ofArray(ByteArray(8))) { released++ })
                        }.message shouldBe
                            "a guard's memory lies on the Java heap, where the collector may move it under the " +
                            "kernel; use an Arena's memory, or write the array, which copies it"
                        shouldThrow<WrongThreadException> {
                            write(SendGuard.of(ofThisThread.allocate(8)) { released++ })
                        }
                        val endless = MemorySegment.ofAddress(1 shl 20).reinterpret(1L shl 31)
                        shouldThrow<IllegalArgumentException> { write(SendGuard.of(endless) { released++ }) }
                            .message shouldBe
                            "a guard of 2147483648 bytes exceeds the 2147483647 bytes of one piece; hand it over in " +
                            "several"
                        unsentBytes() shouldBe 0
                    }
                }
                recorder.connection().call { released } shouldBe 0
            }
        }

        driverTest("a lease of another worker is refused and stays held") {
            val recorder = Recorder()
            withServer(recorder, smallConfig().workersCount(2).build()) { server ->
                server.connect()
                val connection = recorder.connection()
                val other = server.runtime.worker(1 - connection.worker().index())
                val lease = other.call { other.lease(KIB).also { it.putBytes(ByteArray(0)) } }
                connection.call { shouldThrow<RuntimeException> { write(lease) } }
                other.call {
                    lease.isHeld shouldBe true
                    lease.close()
                }
            }
        }
    })

/** Writes bytes as a copy, a lease or a guard; returns the guard. */
private fun Connection.writeAsAnyKind(
    kind: Int,
    bytes: ByteArray,
): Guarded? {
    when (kind) {
        0 -> write(bytes)
        1 -> write(worker().lease(bytes.size).also { it.putBytes(bytes) })
        else -> return Guarded(bytes).also(::write)
    }
    return null
}
