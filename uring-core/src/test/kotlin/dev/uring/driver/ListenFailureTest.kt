package dev.uring.driver

import dev.uring.abi.Errno
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.InetSocketAddress

class ListenFailureTest :
    FunSpec({
        val address = InetSocketAddress("127.0.0.1", 80)

        test("names address, error, likely cause and remedy") {
            ListenFailure.text(address, Errno.EADDRINUSE) shouldBe
                """
                cannot listen on 127.0.0.1:80: EADDRINUSE (address already in use).
                  Likely cause: another process listens there. Stop it, or choose another port (0 lets the system choose).
                """.trimIndent()
        }

        test("has a remedy of its own for each usual error") {
            val causes =
                listOf(Errno.EADDRINUSE, Errno.EACCES, Errno.EADDRNOTAVAIL, Errno.EMFILE, Errno.ENOBUFS)
                    .map { ListenFailure.text(address, it).substringAfter("Likely cause: ") }
            causes.toSet().size shouldBe causes.size
            ListenFailure.text(address, Errno.ENFILE).substringAfter("Likely cause: ") shouldBe causes[3]
        }
    })
