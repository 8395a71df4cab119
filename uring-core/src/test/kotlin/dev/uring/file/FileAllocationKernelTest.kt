package dev.uring.file

import com.sun.management.ThreadMXBean
import dev.uring.base.FileException
import dev.uring.testing.RingOnly
import dev.uring.testing.ringTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import java.lang.management.ManagementFactory
import java.util.concurrent.CompletableFuture

private const val REQUESTS = 40_000
private const val ROUNDS_MAX = 40
private const val BYTES_PER_REQUEST_MAX = 0.1

private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

class FileAllocationKernelTest :
    FunSpec({
        ringTest(RingOnly.NO_DISK_THREADS, "a read allocates nothing in steady state") {
            allocatedBytesPerRequest {
                file,
                buffer,
                request,
                ->
                file.read(0, buffer, 0, 4096, request)
            } shouldBeLessThan
                BYTES_PER_REQUEST_MAX
        }

        ringTest(RingOnly.NO_DISK_THREADS, "a write allocates nothing in steady state") {
            allocatedBytesPerRequest { file, buffer, request ->
                file.write(0, buffer, 0, 4096, request)
            } shouldBeLessThan BYTES_PER_REQUEST_MAX
        }

        ringTest(RingOnly.NO_DISK_THREADS, "the measurement sees what a callback allocates") {
            BYTES_PER_REQUEST_MAX shouldBeLessThan
                allocatedBytesPerRequest { file, buffer, request ->
                    sink = LongArray(1)
                    file.read(0, buffer, 0, 4096, request)
                }
        }
    })

private var sink: Any? = null

/** The best of some rounds: compiling the loop allocates as well, and ends. */
private fun allocatedBytesPerRequest(ask: (AsyncFile, FileBuffer, FileRequest) -> Unit): Double {
    var best = Double.MAX_VALUE
    withFiles { bench ->
        val file = bench.open("hot")
        bench.write(file, 0, ByteArray(4096))
        repeat(ROUNDS_MAX) {
            if (best >= BYTES_PER_REQUEST_MAX) best = minOf(best, round(bench, file, ask))
        }
        bench.close(file)
    }
    return best
}

private fun round(
    bench: FileBench,
    file: AsyncFile,
    ask: (AsyncFile, FileBuffer, FileRequest) -> Unit,
): Double {
    val result = CompletableFuture<Double>()
    bench.onWorker {
        val buffer = bench.files.buffer(4096)
        val request =
            object : FileRequest() {
                private val thread = Thread.currentThread().threadId()
                private val before = threads.getThreadAllocatedBytes(thread)
                private var left = REQUESTS

                override fun completed(bytes: Int) {
                    if (--left > 0) {
                        ask(file, buffer, this)
                    } else {
                        val allocated = threads.getThreadAllocatedBytes(thread) - before
                        buffer.close()
                        result.complete(allocated.toDouble() / REQUESTS)
                    }
                }

                override fun failed(failure: FileException) {
                    result.completeExceptionally(failure)
                }
            }
        ask(file, buffer, request)
    }
    return result.value()
}
