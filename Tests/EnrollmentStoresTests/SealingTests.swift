import Authentication
import AuthenticationTesting
import CPOSIX
import EnrollmentStores
import Foundation
import Testing

@Suite("Secrets are sealed under one key, each for its place")
struct SealingTests {
    let folder: TemporaryFolder
    let path: String
    let place: DeviceKey

    init() throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/twostep.key"
        place = DeviceKey(account: try StoreBench.account("alice"), module: ModuleID("totp"), device: "phone")
    }

    // MARK: The sealer

    @Test(arguments: [0, 1, 20, 300])
    func `opens what it sealed`(_ size: Int) throws {
        let sealer = try Sealer(SealingKey.generate(path))
        let payload = (0..<size).map { UInt8($0 % 251) }
        let sealed = try sealer.seal(Secret(copying: payload.span), at: place)
        #expect(try contents(sealer.open(sealed, at: place)) == payload)
        // Format, key id, nonce and tag.
        #expect(sealed.count == size + 1 + 4 + 12 + 16)
    }

    @Test func `opens after a restart what it sealed before`() throws {
        let sealed = try Sealer(SealingKey.generate(path)).seal(secret("seed"), at: place)
        let sealer = try Sealer(SealingKey.read(path))
        #expect(try contents(sealer.open(sealed, at: place)) == Array("seed".utf8))
    }

    @Test func `opens nothing at another place`() throws {
        let sealer = try Sealer(SealingKey.generate(path))
        let sealed = try sealer.seal(secret("seed"), at: place)
        let alice = place.account
        let bob = try StoreBench.account("bob")
        let elsewhere = [
            DeviceKey(account: bob, module: place.module, device: place.device),
            DeviceKey(account: alice, module: ModuleID("hotp"), device: place.device),
            DeviceKey(account: alice, module: ModuleID("totp", id: ""), device: place.device),
            DeviceKey(account: alice, module: ModuleID("totp", id: "work"), device: place.device),
            DeviceKey(account: alice, module: place.module, device: "tablet"),
            DeviceKey(account: alice, module: ModuleID("tot"), device: "pphone"),
        ]
        for key in elsewhere {
            #expect(throws: StoreFailure.self) { _ = try sealer.open(sealed, at: key) }
        }
    }

    @Test func `opens nothing that has been changed or cut`() throws {
        let sealer = try Sealer(SealingKey.generate(path))
        let sealed = try sealer.seal(secret("seed"), at: place)
        for bit in 0..<(sealed.count * 8) {
            var changed = sealed
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: StoreFailure.self) { _ = try sealer.open(changed, at: place) }
        }
        for count in 0..<sealed.count {
            #expect(throws: StoreFailure.self) { _ = try sealer.open(Array(sealed.prefix(count)), at: place) }
        }
        #expect(throws: StoreFailure.self) {
            _ = try sealer.open([UInt8](repeating: 1, count: 1_000_000), at: place)
        }
    }

    @Test func `says of another key that it is another key`() throws {
        let sealer = try Sealer(SealingKey.generate(path))
        let sealed = try sealer.seal(secret("seed"), at: place)
        let other = try Sealer(SealingKey.generate("\(folder.path)/other.key"))
        #expect(
            throws: StoreFailure.sealedWithAnotherKey(
                "the secret of alice, totp, device phone is sealed with another key: \(sealer.id) and not \(other.id)")
        ) {
            _ = try other.open(sealed, at: place)
        }
    }

    // MARK: The key file

    @Test func `writes a key that is its owner's alone, whatever the umask`() throws {
        _ = try withUmask(0) { try SealingKey.generate(path) }
        #expect(try mode(of: path) == 0o600)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 65)
    }

    @Test func `writes no key over another`() throws {
        let key = try SealingKey.generate(path)
        #expect(throws: StoreFailure.self) { _ = try SealingKey.generate(path) }
        #expect(try bytes(of: SealingKey.read(path)) == bytes(of: key))
    }

    @Test func `reads digits of either case`() throws {
        try write("00FFabCD" + String(repeating: "12", count: 28) + "\n", mode: 0o640)
        #expect(try bytes(of: SealingKey.read(path)).prefix(4) == [0, 255, 0xab, 0xcd])
    }

    static let digits = String(repeating: "0123456789abcdef", count: 4)

    /// Each is no key file; D stands for 62 digits.
    static let wrongTexts = [
        "", "\n", "D00", "D00\n\n", "D00\r\n", "D0g\n", " D0\n", "D0 \n", "D0D0\n", "0xD\n", "D\n", "D\u{661}\n",
    ].map { $0.replacing("D", with: digits.dropLast(2)) }

    @Test(arguments: wrongTexts)
    func `reads nothing but 64 digits and a newline`(_ text: String) throws {
        try write(text, mode: 0o600)
        #expect { _ = try SealingKey.read(path) } throws: { error in
            guard case .unreachable(let words) = error as? StoreFailure else { return false }
            return words.contains(path) && words.contains("expected 64 hexadecimal digits and a newline")
        }
    }

    @Test(arguments: [0o400, 0o440, 0o600, 0o640])
    func `takes a key file that root or its group alone may read`(_ mode: Int) throws {
        try write(SealingTests.digits + "\n", mode: mode)
        _ = try SealingKey.read(path)
    }

    @Test(arguments: [0o604, 0o644, 0o660, 0o602, 0o700, 0o601, 0o4600])
    func `refuses a key file that others may touch`(_ mode: Int) throws {
        try write(SealingTests.digits + "\n", mode: mode)
        #expect { _ = try SealingKey.read(path) } throws: { error in
            guard case .unreachable(let words) = error as? StoreFailure else { return false }
            return words.contains("mode") && words.contains(String(mode, radix: 8)) && words.contains("expected 0600")
        }
    }

    @Test func `refuses a key file of somebody else`() throws {
        try write(SealingTests.digits + "\n", mode: 0o600)
        try setOwner(path, 12345)
        #expect(throws: StoreFailure.self) { _ = try SealingKey.read(path) }
    }

    @Test func `refuses a link, a pipe, a directory and nothing in place of the key file`() throws {
        #expect(throws: StoreFailure.self) { _ = try SealingKey.read(path) }
        #expect(throws: StoreFailure.self) { _ = try SealingKey.read(folder.path) }
        try makePipe(path)
        #expect(throws: StoreFailure.self) { _ = try SealingKey.read(path) }
        delete(path)
        try write(SealingTests.digits + "\n", mode: 0o600)
        let link = "\(folder.path)/link"
        try makeLink(link, to: path)
        #expect(throws: StoreFailure.self) { _ = try SealingKey.read(link) }
    }

    // MARK: Words

    private func secret(_ text: String) -> Secret {
        let bytes = Array(text.utf8)
        return Secret(copying: bytes.span)
    }

    private func contents(_ secret: borrowing Secret) -> [UInt8] {
        secret.withBytes { span in span.indices.map { span[$0] } }
    }

    private func bytes(of key: SealingKey) -> [UInt8] {
        key.withBytes { span in span.indices.map { span[$0] } }
    }

    private func write(_ text: String, mode: Int) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try setMode(path, mode)
    }
}
