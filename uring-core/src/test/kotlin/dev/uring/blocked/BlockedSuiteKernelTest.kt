package dev.uring.blocked

import dev.uring.conformance.EnvironmentConformanceKernelTest
import dev.uring.conformance.StreamConformanceKernelTest
import dev.uring.net.ConnectionCloseKernelTest
import dev.uring.net.ConnectionReceiveKernelTest
import dev.uring.net.ConnectionSendKernelTest
import dev.uring.net.UnixSocketKernelTest
import dev.uring.testing.JavaChild
import dev.uring.testing.RingOnly
import dev.uring.testing.ringTest
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import org.opentest4j.TestAbortedException
import kotlin.io.path.exists

/** Programs go on wherever io_uring is forbidden, or memory may not be locked: the behaviours of streams, files and more. */
class BlockedSuiteKernelTest :
    FunSpec({
        for ((blockade, driver) in listOf(
            Blockade.SETUP_FORBIDDEN to "nio",
            Blockade.BUFFER_RINGS_MISSING to "nio",
            Blockade.CONTAINER_WITHOUT_IO_URING to "nio",
            Blockade.CONTAINER to "uring",
            Blockade.NO_LOCKED_MEMORY to "uring",
        )) {
            ringTest(RingOnly.BLOCKADE, "the suite passes under $blockade, on $driver") {
                if (blockade.needsHeader && !ContainerProfile.header.exists()) {
                    throw TestAbortedException("no ${ContainerProfile.header} to find the numbers of system calls in")
                }
                val ended = child.run(blockade.name, *specs)
                withClue({ ended.output }) {
                    ended.status shouldBe 0
                    val last =
                        ended.output
                            .trim()
                            .lines()
                            .last()
                    val (_, chosen, passed) = checkNotNull(summary.matchEntire(last)) { last }.groupValues
                    chosen shouldBe driver
                    passed.toInt() shouldBeGreaterThan 100
                    // What needs a ring says so in its name.
                    ended.output.lines().filter { it.startsWith("SKIPPED") && RING_ONLY !in it } shouldBe emptyList()
                }
            }
        }
    })

private const val RING_ONLY = "["

private val summary = Regex("driver=(\\w+) passed=(\\d+) failed=0 skipped=\\d+")

// "CI=true" makes a test that needs io_uring fail where it is blocked, which here it is on purpose.
private val child =
    JavaChild(
        BlockedSuite::class.java,
        listOf("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        listOf("env", "-u", "CI"),
    )

private val specs =
    listOf(
        StreamConformanceKernelTest::class,
        EnvironmentConformanceKernelTest::class,
        ConnectionReceiveKernelTest::class,
        ConnectionSendKernelTest::class,
        ConnectionCloseKernelTest::class,
        UnixSocketKernelTest::class,
    ).map { it.java.name }.toTypedArray()

private val Blockade.needsHeader: Boolean get() = name.startsWith("CONTAINER")
