package dev.uring.tls

import dev.uring.base.ConfigException
import dev.uring.testing.TestCertificates
import dev.uring.testing.tlsTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Path
import java.security.Signature
import kotlin.io.path.readText
import kotlin.io.path.writeText

class TlsCredentialsTest :
    FunSpec({
        for ((kind, own) in keys()) {
            tlsTest("a key of kind $kind is read from PKCS#8, encrypted or not") {
                val signed = own()
                signed.credentials.checkSigns()
                val encrypted = file("${signed.name}.enc")
                TestCertificates.openssl(
                    "pkcs8",
                    "-topk8",
                    "-in",
                    "${signed.key}",
                    "-out",
                    "$encrypted",
                    "-passout",
                    "pass:secret",
                )
                TlsCredentials.pem(signed.chain, encrypted, "secret".toCharArray()).checkSigns()
                shouldThrow<ConfigException> { TlsCredentials.pem(signed.chain, encrypted, "wrong".toCharArray()) }
                    .message!! shouldContain "$encrypted has a key that"
                shouldThrow<ConfigException> { TlsCredentials.pem(signed.chain, encrypted) }
                    .message shouldBe "$encrypted has an encrypted key, and no password was given"
            }
        }

        tlsTest("a key is read from the older forms, PKCS#1 and SEC 1") {
            for ((signed, command) in listOf(TestCertificates.rsa to "rsa", TestCertificates.ec to "ec")) {
                val old = file("${signed.name}.old")
                val arguments = listOf(command, "-in", "${signed.key}", "-out", "$old")
                TestCertificates.openssl(
                    *(
                        if (command ==
                            "rsa"
                        ) {
                            arguments + "-traditional"
                        } else {
                            arguments
                        }
                    ).toTypedArray(),
                )
                old.readText() shouldContain if (command == "rsa") "BEGIN RSA PRIVATE KEY" else "BEGIN EC PRIVATE KEY"
                TlsCredentials.pem(signed.chain, old).checkSigns()
            }
        }

        tlsTest("a key that OpenSSL encrypted in its old way is refused with the way to convert it") {
            val old = file("old.enc")
            TestCertificates.openssl(
                "rsa",
                "-in",
                "${TestCertificates.rsa.key}",
                "-traditional",
                "-aes128",
                "-passout",
                "pass:secret",
                "-out",
                "$old",
            )
            shouldThrow<ConfigException> { TlsCredentials.pem(TestCertificates.rsa.chain, old) }
                .message!! shouldContain "openssl pkcs8 -topk8"
        }

        tlsTest("a chain and its key may be one text") {
            val text = TestCertificates.ec.chain.readText() + TestCertificates.authority.readText()
            val credentials = TlsCredentials.pemText(text, text + TestCertificates.ec.key.readText())
            credentials.chain().size shouldBe 2
            credentials.names() shouldContainExactly listOf("localhost")
        }

        tlsTest("PKCS#12 files of OpenSSL are read, the key and the authorities") {
            val store = file("store.p12")
            TestCertificates.openssl(
                "pkcs12",
                "-export",
                "-in",
                "${TestCertificates.ec.chain}",
                "-inkey",
                "${TestCertificates.ec.key}",
                "-certfile",
                "${TestCertificates.authority}",
                "-out",
                "$store",
                "-passout",
                "pass:secret",
            )
            val credentials = TlsCredentials.pkcs12(store, "secret".toCharArray())
            credentials.checkSigns()
            credentials.chain().size shouldBe 2
            shouldThrow<ConfigException> { TlsCredentials.pkcs12(store, "wrong".toCharArray()) }
                .message!! shouldContain "cannot read $store as PKCS#12"
        }

        tlsTest("what is no PEM is refused with the file's name") {
            val empty = file("empty.pem").also { it.writeText("nothing here\n") }
            shouldThrow<ConfigException> { TlsCredentials.pem(empty, empty) }
                .message shouldBe "$empty has no CERTIFICATE block"
            shouldThrow<ConfigException> { TlsCredentials.pem(TestCertificates.ec.chain, empty) }
                .message shouldBe "$empty has no PRIVATE KEY block"
            shouldThrow<ConfigException> { TlsTrust.pem(Path.of("/no/such.pem")) }
                .message!! shouldContain "cannot read /no/such.pem as PEM"
        }

        tlsTest("a key of another kind than its certificate's is refused") {
            shouldThrow<ConfigException> {
                TlsCredentials.pem(TestCertificates.ec.chain, TestCertificates.rsa.key)
            }.message!! shouldContain "the key is RSA, but its certificate is for EC"
        }

        test("a development certificate has the names it was asked for, and can sign") {
            val credentials = TlsCredentials.selfSigned("localhost", "*.dev.test", "127.0.0.1", "::1")
            credentials.names() shouldContainExactly listOf("localhost", "*.dev.test")
            credentials.isFor("a.dev.test") shouldBe true
            credentials.certificate().subjectAlternativeNames.size shouldBe 4
            credentials.checkSigns()
        }

        test("a server without a certificate is refused with the remedy") {
            shouldThrow<ConfigException> { TlsServerOptions.builder().build() }.message!! shouldContain "selfSigned"
        }

        test("versions that are broken cannot be asked for") {
            shouldThrow<ConfigException> { TlsClientOptions.builder().protocols("TLSv1.1").build() }
                .message!! shouldContain "protocols=[TLSv1.1] must be one or both of [TLSv1.3, TLSv1.2]"
        }
    })

private fun keys() =
    listOf(
        "RSA" to { TestCertificates.rsa },
        "EC" to { TestCertificates.ec },
        "Ed25519" to { TestCertificates.ed25519 },
    )

private fun file(name: String): Path = TestCertificates.folder.resolve(name)

/** What the key signs the certificate verifies: they belong together. */
private fun TlsCredentials.checkSigns() {
    val algorithm =
        when (key().algorithm) {
            "RSA" -> "SHA256withRSA"
            "EC" -> "SHA256withECDSA"
            else -> "Ed25519"
        }
    val signature =
        Signature.getInstance(algorithm).run {
            initSign(key())
            update("text".toByteArray())
            sign()
        }
    Signature.getInstance(algorithm).run {
        initVerify(certificate())
        update("text".toByteArray())
        verify(signature)
    } shouldBe true
}
