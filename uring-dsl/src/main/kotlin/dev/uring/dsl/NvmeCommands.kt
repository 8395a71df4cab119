package dev.uring.dsl

import dev.uring.base.FileException
import dev.uring.file.FileBuffer
import dev.uring.file.NvmeDevice
import dev.uring.file.NvmeNamespace
import dev.uring.file.NvmeRequest
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * Opens a namespace of an NVMe disk by its generic character device, such as `/dev/ng0n1`; see [NvmeDevice.open]. On a
 * worker; see [openFile].
 */
public suspend fun openNvmeDevice(path: String): NvmeDevice =
    NvmeDevice.open(workerForFiles(), path).awaitOnWorker { it.close() }

/** As [openNvmeDevice] with facts that the caller knows better than the kernel. */
public suspend fun openNvmeDevice(
    path: String,
    namespace: NvmeNamespace,
): NvmeDevice = NvmeDevice.open(workerForFiles(), path, namespace).awaitOnWorker { it.close() }

/**
 * Reads [blocksCount] blocks from number [block] on into [into], beginning with its byte [from].
 *
 * ### Ownership
 * The buffer stays the kernel's until the disk has answered, also when the coroutine was cancelled meanwhile.
 * ### Threading and cancellation
 * On the device's worker. A command that has been sent is not taken back: a cancelled coroutine only ceases to wait.
 * ### Errors
 * [FileException] with the controller's status in words, or the kernel's errno.
 */
public suspend fun NvmeDevice.readBlocks(
    block: Long,
    blocksCount: Int,
    into: FileBuffer,
    from: Int = 0,
): Unit = command { read(block, blocksCount, into, from, it) }

/** Writes [blocksCount] blocks from number [block] on out of [what], beginning with its byte [from]; see [readBlocks]. */
public suspend fun NvmeDevice.writeBlocks(
    block: Long,
    blocksCount: Int,
    what: FileBuffer,
    from: Int = 0,
): Unit = command { write(block, blocksCount, what, from, it) }

/** Brings to the medium what has been written; see [readBlocks]. */
public suspend fun NvmeDevice.flushBlocks(): Unit = command { flush(it) }

private suspend fun NvmeDevice.command(ask: NvmeDevice.(NvmeRequest) -> Unit): Unit =
    suspendCancellableCoroutine { continuation ->
        ask(
            object : NvmeRequest() {
                override fun completed() = continuation.resume(Unit)

                override fun failed(failure: FileException) = continuation.resumeWithException(failure)
            },
        )
    }
