import Cryptography
import Testing

@Suite("What libcrypto computes is what the standards say")
struct CryptographyTests {
    /// The cases for AES-256 of the GCM specification (McGrew and Viega, appendix B), which NIST's validation took over.
    struct GCMCase: Sendable, CustomTestStringConvertible {
        let number: Int
        var key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
        var nonce = "cafebabefacedbaddecaf888"
        var plain = ""
        var associated = ""
        var cipher = ""
        let tag: String

        var testDescription: String { "test case \(number)" }
    }

    static let zeroKey = String(repeating: "0", count: 64)
    static let zeroNonce = String(repeating: "0", count: 24)
    static let plain = """
        d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255
        """
    static let cipher = """
        522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
        8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad
        """

    static let gcmCases = [
        GCMCase(number: 13, key: zeroKey, nonce: zeroNonce, tag: "530f8afbc74536b9a963b4f1c4cb738b"),
        GCMCase(
            number: 14, key: zeroKey, nonce: zeroNonce, plain: String(repeating: "0", count: 32),
            cipher: "cea7403d4d606b6e074ec5d3baf39d18", tag: "d0d1c8a799996bf0265b98b5d48ab919"),
        GCMCase(number: 15, plain: plain, cipher: cipher, tag: "b094dac5d93471bdec1a502270e3cc6c"),
        GCMCase(
            number: 16, plain: String(plain.dropLast(8)), associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            cipher: String(cipher.dropLast(8)), tag: "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test(arguments: gcmCases)
    func `seals with AES-256-GCM as the vectors do, and opens it again`(_ row: GCMCase) throws {
        let aes = try AESGCM(key: bytes(row.key).span)
        let plain = bytes(row.plain)
        let associated = bytes(row.associated)
        let sealed = try aes.seal(plain.span, associated: associated.span, nonce: bytes(row.nonce).span)
        #expect(hex(sealed) == row.nonce + row.cipher + row.tag)
        #expect(try open(sealed, associated, with: aes) == plain)
    }

    @Test func `opens nothing in which one bit is another`() throws {
        let aes = try AESGCM(key: bytes(CryptographyTests.zeroKey).span)
        let plain: [UInt8] = [1, 2, 3]
        let associated: [UInt8] = [9]
        let sealed = try aes.seal(plain.span, associated: associated.span)
        for bit in 0..<(sealed.count * 8) {
            var changed = sealed
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: CryptographyFailure.notAuthentic) { try open(changed, associated, with: aes) }
        }
        #expect(throws: CryptographyFailure.notAuthentic) { try open(sealed, [8], with: aes) }
        #expect(throws: CryptographyFailure.notAuthentic) { try open(sealed, [], with: aes) }
        #expect(try open(sealed, associated, with: aes) == plain)
    }

    @Test func `leaves zeros where a message did not open`() throws {
        let aes = try AESGCM(key: bytes(CryptographyTests.zeroKey).span)
        let plain: [UInt8] = [1, 2, 3]
        let nothing: [UInt8] = []
        var sealed = try aes.seal(plain.span, associated: nothing.span)
        sealed[sealed.count - 1] ^= 1
        var target: [UInt8] = [7, 7, 7]
        var span = target.mutableSpan
        do throws(CryptographyFailure) {
            try aes.open(sealed.span, associated: nothing.span, into: &span)
            Issue.record("a changed message opened")
        } catch {
            #expect(error == .notAuthentic)
        }
        #expect(target == [0, 0, 0])
    }

    @Test func `takes a new nonce for each message`() throws {
        let aes = try AESGCM(key: bytes(CryptographyTests.zeroKey).span)
        let nothing: [UInt8] = []
        let nonces = try (0..<1000).map { _ in
            Array(try aes.seal(nothing.span, associated: nothing.span).prefix(12))
        }
        #expect(Set(nonces).count == 1000)
    }

    @Test(arguments: [0, 16, 31, 33])
    func `takes keys of 32 bytes alone`(_ size: Int) {
        let key = [UInt8](repeating: 1, count: size)
        #expect(throws: CryptographyFailure.wrongSize) { _ = try AESGCM(key: key.span) }
    }

    @Test(arguments: [0, 1, 27])
    func `opens nothing that is too short to be sealed`(_ size: Int) throws {
        let aes = try AESGCM(key: bytes(CryptographyTests.zeroKey).span)
        let short = [UInt8](repeating: 0, count: size)
        let plainSize = aes.plainSize(of: short.span)
        #expect(plainSize == nil)
        #expect(throws: CryptographyFailure.wrongSize) { try open(short, [], with: aes) }
    }

    /// RFC 2202 section 3 (SHA-1) and RFC 4231 section 4 (SHA-256, SHA-512).
    struct HMACCase: Sendable, CustomTestStringConvertible {
        let algorithm: HashAlgorithm
        let key: String
        let message: [UInt8]
        let digest: String

        init(_ algorithm: HashAlgorithm, key: String, _ message: String, _ digest: String) {
            self.init(algorithm, key: key, bytes: Array(message.utf8), digest)
        }

        init(_ algorithm: HashAlgorithm, key: String, bytes: [UInt8], _ digest: String) {
            self.algorithm = algorithm
            self.key = key
            message = bytes
            self.digest = digest
        }

        var testDescription: String {
            "\(algorithm.rawValue), key of \(key.utf8.count / 2) bytes, \(message.count) bytes"
        }
    }

    static let counting = "0102030405060708090a0b0c0d0e0f10111213141516171819"
    static let longMessage = """
        This is a test using a larger than block-size key and a larger than block-size data. \
        The key needs to be hashed before being used by the HMAC algorithm.
        """

    static let hmacCases = [
        HMACCase(
            .sha1, key: String(repeating: "0b", count: 20), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
        HMACCase(
            .sha1, key: hex("Jefe".utf8), "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        HMACCase(
            .sha1, key: String(repeating: "aa", count: 20), bytes: Array(repeating: 0xdd, count: 50),
            "125d7342b9ac11cd91a39af48aa17b4f63f175d3"),
        HMACCase(
            .sha1, key: String(repeating: "aa", count: 80), "Test Using Larger Than Block-Size Key - Hash Key First",
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"),
        HMACCase(
            .sha1, key: String(repeating: "aa", count: 80),
            "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
            "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"),
        HMACCase(
            .sha256, key: String(repeating: "0b", count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        HMACCase(
            .sha512, key: String(repeating: "0b", count: 20), "Hi There",
            """
            87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
            daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854
            """),
        HMACCase(
            .sha256, key: hex("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        HMACCase(
            .sha512, key: hex("Jefe".utf8), "what do ya want for nothing?",
            """
            164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
            9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737
            """),
        HMACCase(
            .sha256, key: String(repeating: "aa", count: 20), bytes: Array(repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        HMACCase(
            .sha256, key: counting, bytes: Array(repeating: 0xcd, count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        HMACCase(
            .sha512, key: counting, bytes: Array(repeating: 0xcd, count: 50),
            """
            b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db\
            a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd
            """),
        HMACCase(
            .sha256, key: String(repeating: "aa", count: 131),
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        HMACCase(
            .sha256, key: String(repeating: "aa", count: 131), longMessage,
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        HMACCase(
            .sha512, key: String(repeating: "aa", count: 131), longMessage,
            """
            e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944\
            b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58
            """),
        // No vector has an empty key and message; the value is the well-known one.
        HMACCase(.sha256, key: "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ]

    @Test(arguments: hmacCases)
    func `computes HMAC as the vectors do`(_ row: HMACCase) throws {
        let digest = try withHMAC(row.algorithm, key: bytes(row.key).span, message: row.message.span) { digest in
            digest.indices.map { digest[$0] }
        }
        #expect(hex(digest) == row.digest)
        #expect(digest.count == row.algorithm.digestSize)
    }

    @Test(arguments: [("", ""), ("00", "00"), ("0102", "0102")])
    func `finds equal bytes equal`(_ left: String, _ right: String) {
        let (left, right) = (bytes(left), bytes(right))
        let areEqual = isEqual(left.span, right.span)
        #expect(areEqual)
    }

    @Test(arguments: [("", "00"), ("00", "01"), ("0102", "010200"), ("0180", "0100")])
    func `finds other bytes other`(_ left: String, _ right: String) {
        let (left, right) = (bytes(left), bytes(right))
        let areEqual = isEqual(left.span, right.span)
        #expect(!areEqual)
    }

    @Test func `fills with bytes that are not the same twice`() throws {
        var draws: Set<[UInt8]> = []
        for _ in 0..<100 {
            var bytes = [UInt8](repeating: 0, count: 16)
            var target = bytes.mutableSpan
            try fillRandom(&target)
            draws.insert(bytes)
        }
        #expect(draws.count == 100)
    }

    private func open(_ sealed: [UInt8], _ associated: [UInt8], with aes: AESGCM) throws -> [UInt8] {
        var plain = [UInt8](repeating: 0, count: aes.plainSize(of: sealed.span) ?? 0)
        var target = plain.mutableSpan
        try aes.open(sealed.span, associated: associated.span, into: &target)
        return plain
    }
}
