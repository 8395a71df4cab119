package dev.uring.ring

import com.sun.management.ThreadMXBean
import dev.uring.abi.Errno
import dev.uring.abi.IoUring
import dev.uring.base.RingSetupException
import dev.uring.ffi.Libc
import dev.uring.testing.PATIENCE_SECONDS
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.lang.foreign.Arena
import java.lang.management.ManagementFactory
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit.SECONDS

private const val WINDOWS_MAX = 40

class RingKernelTest :
    FunSpec({
        kernelTest("a NOP comes back with its user data") {
            withRing { ring ->
                ring.queue(userData = -7) { it.prepNop() }
                ring.enter(1, SECONDS.toNanos(PATIENCE_SECONDS)) shouldBe 1
                ring.reap() shouldContainExactly listOf(Cqe(-7, 0, 0))
            }
        }

        kernelTest("queues wrap around many times without losing order") {
            withRing(RingOptions.ofSqEntries(4)) { ring ->
                val seen = mutableListOf<Long>()
                repeat(1000) { turn ->
                    repeat(3) { ring.queue(userData = turn * 3L + it) { sqe -> sqe.prepNop() } }
                    seen += ring.await(3).map(Cqe::userData)
                }
                seen shouldBe List(3000) { it.toLong() }
            }
        }

        kernelTest("a full submission queue gives null until the kernel has emptied it") {
            withRing(RingOptions.ofSqEntries(4)) { ring ->
                val sq = ring.sq()
                repeat(sq.capacity()) { ring.queue { it.prepNop() } }
                sq.free() shouldBe 0
                sq.pending() shouldBe 4
                sq.next().shouldBeNull()

                ring.enter(0, 0) shouldBe 4
                sq.free() shouldBe 4
                sq.pending() shouldBe 0
                sq.next().shouldNotBeNull()
            }
        }

        kernelTest("a slot is zeroed before it is used again") {
            withRing(RingOptions.ofSqEntries(1)) { ring ->
                ring.queue(userData = 77) { it.prepRead(-1, 1, 1, 1).flags(IoUring.IOSQE_ASYNC) }
                ring.await(1).single() shouldBe Cqe(77, -Errno.EBADF, 0)
                ring.sq().next().prepNop()
                ring.await(1).single() shouldBe Cqe(0, 0, 0)
            }
        }

        kernelTest("an SQE that fails does not hold up the ones behind it") {
            withRing { ring ->
                ring.queue(userData = 1) { it.prepRead(-1, 0, 0, 0) }
                ring.queue(userData = 2) { it.prepNop() }
                ring.await(2).associate { it.userData to it.result } shouldBe mapOf(1L to -Errno.EBADF, 2L to 0)
            }
        }

        kernelTest("a wait with a limit ends with ETIME, not early") {
            withRing { ring ->
                val start = System.nanoTime()
                ring.enter(1, 20_000_000) shouldBe -Errno.ETIME
                (System.nanoTime() - start).shouldBeInRange(20_000_000..10_000_000_000)
            }
        }

        kernelTest("a limit of more than a second is passed whole") {
            withRing { ring ->
                val start = System.nanoTime()
                ring.enter(1, 1_050_000_000) shouldBe -Errno.ETIME
                (System.nanoTime() - start) shouldBeGreaterThan 1_050_000_000
            }
        }

        kernelTest("a limit of zero does not wait even when completions are asked for") {
            withRing { ring ->
                ring.enter(1, 0) shouldBe 0
                ring.reap().shouldBeEmpty()
            }
        }

        kernelTest("a wait with a limit still submits and says how much") {
            withRing { ring ->
                ring.queue { it.prepNop() }
                ring.queue { it.prepNop() }
                ring.enter(3, 1_000_000) shouldBe 2
                ring.reap().size shouldBe 2
            }
        }

        kernelTest("a wait without limit lasts until another thread causes a completion") {
            withRing { ring ->
                val eventFd = ok("eventfd", Libc.eventfd(0, 0))
                Arena.ofShared().use { arena ->
                    val word = arena.allocate(Long.SIZE_BYTES.toLong(), Long.SIZE_BYTES.toLong())
                    ring.queue(userData = 9) { it.prepRead(eventFd, word.address(), Long.SIZE_BYTES, -1) }
                    ring.enter(0, 0) shouldBe 1
                    val writer = Thread.ofPlatform().start { Libc.write(eventFd, arena.bytes(ByteArray(8) { 1 })) }
                    ring.enter(1, -1) shouldBe 0
                    ring.reap().single().result shouldBe Long.SIZE_BYTES
                    writer.join()
                }
                Libc.close(eventFd)
            }
        }

        kernelTest("a signal ends a wait with EINTR and the ring goes on") {
            val threadId = CompletableFuture<Int>()
            val entered = CompletableFuture<Int>()
            val owner =
                Thread.ofPlatform().start {
                    withRing { ring ->
                        threadId.complete(Libc.gettid())
                        entered.complete(ring.enter(1, SECONDS.toNanos(PATIENCE_SECONDS)))
                        ring.complete { it.prepNop() }
                    }
                }
            while (!entered.isDone) {
                // The virtual machine handles SIGPIPE and goes on, so it may be sent until one meets the wait.
                signalThread(threadId.get(), SIGPIPE)
                Thread.onSpinWait()
            }
            owner.join()
            entered.get() shouldBe -Errno.EINTR
        }

        kernelTest("another thread than the owner is refused with EEXIST") {
            withRing(RingOptions.defaults().without(RingFeature.REGISTERED_RING_FD)) { ring ->
                val stranger = CompletableFuture.supplyAsync({ ring.enter(0, 0) }, { Thread.ofPlatform().start(it) })
                stranger.get(PATIENCE_SECONDS, SECONDS) shouldBe -Errno.EEXIST
            }
        }

        kernelTest("a ring that is not enabled answers EBADFD") {
            Ring.create(RingOptions.defaults()).use { it.enter(0, 0) shouldBe -Errno.EBADFD }
        }

        kernelTest("enabling twice is refused") {
            withRing { ring ->
                shouldThrow<RingSetupException> { ring.enable() }.operation() shouldBe
                    "io_uring_register(ENABLE_RINGS)"
            }
        }

        kernelTest("a ring made by one thread belongs to the thread that enables it") {
            val made =
                CompletableFuture
                    .supplyAsync { Ring.create(RingOptions.defaults()) }
                    .get(PATIENCE_SECONDS, SECONDS)
            made.use { ring ->
                ring.enable()
                ring.complete { it.prepNop() }.result shouldBe 0
            }
        }

        RingFeature.entries.forEach { feature ->
            kernelTest("works without $feature") {
                withRing(RingOptions.ofSqEntries(4).without(feature)) { ring ->
                    ring.uses(feature) shouldBe false
                    repeat(100) { ring.complete { it.prepNop() }.result shouldBe 0 }
                }
            }
        }

        kernelTest("uses each optional feature that the probe finds") {
            withRing { ring ->
                ring.uses(RingFeature.NO_SQARRAY) shouldBe kernel.has(Capability.NO_SQARRAY)
                ring.uses(RingFeature.REGISTERED_RING_FD) shouldBe kernel.has(Capability.REGISTERED_RING_FD)
            }
        }

        kernelTest("completions that overflow a tiny queue all arrive, in order and once") {
            withRing(RingOptions.ofSqEntries(8).withCqEntries(8)) { ring ->
                val total = 200L
                var next = 0L
                val seen = mutableListOf<Long>()
                while (next < total) {
                    while (next < total && ring.sq().free() > 0) {
                        ring.queue(userData = next++) { it.prepNop() }
                    }
                    val entered = ring.enter(0, 0)
                    // A kernel that asks to reap first has taken nothing: reap, and the SQEs go out next time.
                    if (entered == -Errno.EBUSY) seen += ring.reap().map(Cqe::userData)
                }
                ring.overflowsSeen() shouldBeGreaterThan 0
                ring.cq().capacity() shouldBe 8
                while (seen.size < total) seen += ring.await(1).map(Cqe::userData)
                seen shouldBe List(total.toInt()) { it.toLong() }
                ring.cq().dropped() shouldBe 0
            }
        }

        kernelTest("counters count enters, submissions and completions") {
            withRing { ring ->
                repeat(5) { ring.queue { it.prepNop() } }
                ring.enter(1, -1)
                ring.reap()
                ring.enter(0, 0)
                listOf(ring.entersCount(), ring.sqesSubmitted(), ring.cqesReaped()) shouldBe listOf(2L, 5L, 5L)
            }
        }

        kernelTest("a hundred thousand round trips allocate nothing") {
            withRing { ring ->
                // Before the compiler is done the interpreter allocates, and a busy machine compiles late: the first window
                // without is the steady state.
                var least = Long.MAX_VALUE
                repeat(WINDOWS_MAX) {
                    if (least > 0) least = minOf(least, allocatedBytesOf { nopRoundTrips(ring, 100_000) })
                }
                least shouldBe 0L
            }
        }

        kernelTest("closing returns descriptors and mappings") {
            val mappings = ringMappingsCount()

            fun useRing() =
                withRing { ring ->
                    ring.newBufferRing(0, 8, 4096, 64)
                    ring.newDirectDescriptors(8)
                    ring.complete { it.prepNop() }
                    ringMappingsCount() shouldBe mappings + 2
                }
            useRing()
            val descriptors = ringDescriptorsCount()
            repeat(100) { useRing() }
            ringDescriptorsCount() shouldBe descriptors
            ringMappingsCount() shouldBe mappings
        }

        kernelTest("closing twice, and closing what the ring owned afterwards, does nothing") {
            val ring = Ring.create(RingOptions.defaults())
            ring.enable()
            val buffers = ring.newBufferRing(0, 8, 4096, 0)
            val descriptors = ring.newDirectDescriptors(8)
            val before = ringDescriptorsCount()
            ring.close()
            ringDescriptorsCount() shouldBe before - 1
            ring.close()
            buffers.close()
            descriptors.close()
            ringDescriptorsCount() shouldBe before - 1
        }

        kernelTest("use after close throws before it can reach another descriptor") {
            val ring = Ring.create(RingOptions.defaults())
            ring.enable()
            ring.close()
            shouldThrow<IllegalStateException> { ring.enter(0, 0) }.message shouldContain "closed"
        }

        kernelTest("a limit of descriptors is named in the refusal and leaves nothing open") {
            val rings = ringDescriptorsCount()
            val held = mutableListOf<Ring>()
            val refusal =
                try {
                    withDescriptorLimit(descriptorsCount() + 20) {
                        shouldThrow<RingSetupException> {
                            while (held.size < 40) held += Ring.create(RingOptions.ofSqEntries(1))
                        }
                    }
                } finally {
                    held.forEach(Ring::close)
                }
            held.size shouldBeLessThan 40
            refusal.message shouldBe
                """
                io_uring_setup failed: errno=24 (EMFILE), entries=1, cqEntries=4, flags=R_DISABLED|SINGLE_ISSUER|DEFER_TASKRUN|CQSIZE|SUBMIT_ALL|CLAMP.
                  Likely cause: no descriptor is free. Check: ulimit -n (RLIMIT_NOFILE) and sysctl fs.file-max.
                """.trimIndent()
            ringDescriptorsCount() shouldBe rings
        }
    })

private fun nopRoundTrips(
    ring: Ring,
    count: Int,
) {
    val sq = ring.sq()
    val cq = ring.cq()
    for (i in 0L until count) {
        sq.next().prepNop().userData(i)
        ring.enter(1, 1_000_000_000)
        check(cq.ready() == 1 && cq.userData(0) == i && cq.result(0) == 0 && cq.flags(0) == 0)
        cq.advance(1)
    }
}

private fun allocatedBytesOf(block: () -> Unit): Long {
    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    val before = threads.currentThreadAllocatedBytes
    block()
    return threads.currentThreadAllocatedBytes - before
}

internal fun descriptorsCount(): Int = Files.list(Path.of("/proc/self/fd")).use { it.count().toInt() }

/** Open rings only: the virtual machine opens and closes files of its own at any time. */
internal fun ringDescriptorsCount(): Int =
    Files.list(Path.of("/proc/self/fd")).use { all -> all.filter { "io_uring" in linkOf(it) }.count().toInt() }

private fun linkOf(descriptor: Path): String =
    try {
        Files.readSymbolicLink(descriptor).toString()
    } catch (_: NoSuchFileException) {
        "closed since it was listed"
    }

private fun ringMappingsCount(): Int = Files.readAllLines(Path.of("/proc/self/maps")).count { "io_uring" in it }
