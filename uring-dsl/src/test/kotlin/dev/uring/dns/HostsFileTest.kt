package dev.uring.dns

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress

private fun ips(vararg text: String) = text.map { InetAddress.ofLiteral(it) }

class HostsFileTest :
    FunSpec({
        test("each name of a line has its address, in the order of the file, without regard to case") {
            val hosts =
                HostsFile.parse(
                    """
                    # comment
                    127.0.0.1	localhost
                    10.0.0.1  DB.example db   # the first
                    ::1 localhost ip6-localhost
                    2001:db8::2 db
                    10.0.0.1 db
                    """.trimIndent(),
                )
            hosts["localhost"] shouldBe ips("127.0.0.1", "::1")
            hosts["db"] shouldBe ips("10.0.0.1", "2001:db8::2")
            hosts["db.example"] shouldBe ips("10.0.0.1")
            hosts["ip6-localhost"] shouldBe ips("::1")
            hosts["nobody"] shouldBe emptyList()
            hosts.problems shouldBe emptyList()
        }

        test("malformed lines are passed over and named, the first of them") {
            val hosts =
                HostsFile.parse(
                    "not-an-address a\n10.0.0.1\n10.0.0.256 b\n10.0.0.2 c\r\n" + "x y\n".repeat(100),
                )
            hosts["c"] shouldBe ips("10.0.0.2")
            listOf("a", "b", "y").forEach { hosts[it] shouldBe emptyList() }
            hosts.problems.take(3) shouldBe
                listOf(
                    "line 1: 'not-an-address' is not an IP address",
                    "line 2: no name for 10.0.0.1",
                    "line 3: '10.0.0.256' is not an IP address",
                )
            hosts.problems.size shouldBe 16
        }
    })
