package dev.uring.ring

import dev.uring.abi.Errno
import dev.uring.abi.Socket
import dev.uring.base.RingSetupException
import dev.uring.ffi.Libc
import dev.uring.testing.kernelObjects
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena

class DirectDescriptorsKernelTest :
    FunSpec({
        kernelTest(
            "an accepted connection lives in a slot and needs no ordinary descriptor",
            Capability.DIRECT_DESCRIPTORS,
        ) {
            Loopback().use { listener ->
                Arena.ofConfined().use { arena ->
                    withRing { ring ->
                        ring.newDirectDescriptors(4)
                        val memory = arena.bytes("ping".toByteArray())
                        listener.connect().use { client ->
                            val before = kernelObjects().keys
                            val slot = ring.complete { it.prepAcceptDirect(listener.fd, 0) }.result
                            slot shouldBe 0
                            // Not all descriptors: the virtual machine opens and closes files of its own at any time.
                            (kernelObjects() - before) shouldBe emptyMap<Int, String>()
                            ring
                                .complete {
                                    it
                                        .prepSend(
                                            slot,
                                            memory.address(),
                                            4,
                                            Socket.MSG_NOSIGNAL,
                                        ).fixedFile()
                                }.result shouldBe
                                4
                            String(client.getInputStream().readNBytes(4)) shouldBe "ping"
                            ring.complete { it.prepCloseDirect(slot) }.result shouldBe 0
                            client.getInputStream().read() shouldBe -1
                        }
                    }
                }
            }
        }

        kernelTest("a multishot accept ends with ENFILE when no slot is free", Capability.DIRECT_DESCRIPTORS) {
            Loopback().use { listener ->
                withRing { ring ->
                    ring.newDirectDescriptors(2)
                    ring.queue { it.prepAcceptMultishotDirect(listener.fd, 0) }
                    ring.enter(0, 0)
                    val clients = List(3) { listener.connect() }
                    ring.await(3).map { it.result to it.hasMore } shouldBe
                        listOf(0 to true, 1 to true, -Errno.ENFILE to false)
                    clients.forEach { it.close() }
                }
            }
        }

        kernelTest("the kernel picks slots from the allocation range only", Capability.DIRECT_DESCRIPTORS) {
            Loopback().use { listener ->
                withRing { ring ->
                    ring.newDirectDescriptors(8).allocateFrom(5, 3)
                    listener.connect().use {
                        ring.complete { it.prepAcceptDirect(listener.fd, 0) }.result shouldBe 5
                    }
                }
            }
        }

        kernelTest("a slot holds its file open after the ordinary descriptor is closed, until it is cleared") {
            Arena.ofConfined().use { arena ->
                withRing { ring ->
                    val table = ring.newDirectDescriptors(4)
                    val eventFd = Libc.eventfd(1, 0)
                    val word = arena.allocate(8)
                    table.put(3, eventFd)
                    Libc.close(eventFd)
                    ring.complete { it.prepRead(3, word.address(), 8, -1).fixedFile() }.result shouldBe 8
                    table.clear(3)
                    ring.complete { it.prepRead(3, word.address(), 8, -1).fixedFile() }.result shouldBe -Errno.EBADF
                }
            }
        }

        kernelTest("a table with more slots than descriptors are allowed is refused") {
            withRing { ring ->
                withDescriptorLimit(descriptorsCount() + 10) {
                    val refusal = shouldThrow<RingSetupException> { ring.newDirectDescriptors(1_000_000) }
                    (refusal.operation() to refusal.errno()) shouldBe ("io_uring_register(FILES2)" to Errno.EMFILE)
                }
            }
        }

        kernelTest("a second table is refused, and possible after the first is closed") {
            withRing { ring ->
                val first = ring.newDirectDescriptors(4)
                shouldThrow<RingSetupException> { ring.newDirectDescriptors(4) }.errno() shouldBe Errno.EBUSY
                first.close()
                ring.newDirectDescriptors(6).slots() shouldBe 6
            }
        }
    })
