import AuthenticationTesting
import Foundation

/// The inputs of an entry that are kept, and changes of them: the same in every run.
struct Corpus {
    let inputs: [[UInt8]]

    /// What is kept below Tests/Fuzz/Corpora, in the order of the files' names.
    init(of name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fuzz/Corpora/\(name)")
        inputs = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { file in
            Array(try Data(contentsOf: folder.appendingPathComponent(file)))
        }
    }

    /// An input with one to four changes.
    func changed(using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = inputs.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &generator) { change(&bytes, using: &generator) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        let place = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &generator)
        let end = min(bytes.count, place + Int.random(in: 1...16, using: &generator))
        switch UInt8.random(in: 0..<8, using: &generator) {
        case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1 where !bytes.isEmpty: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4: bytes.removeSubrange(place...)
        case 5:
            // A piece of another input.
            let other = inputs.randomElement(using: &generator) ?? []
            let start = other.isEmpty ? 0 : Int.random(in: 0..<other.count, using: &generator)
            bytes.insert(contentsOf: other[start...].prefix(64), at: place)
        case 6:
            let telling: [UInt8] = [0, 9, 10, 13, 32, 34, 35, 37, 44, 45, 58, 61, 91, 92, 93, 123, 0x7F, 0x80, 0xFF]
            bytes.insert(telling.randomElement(using: &generator) ?? 0, at: place)
        case _: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        }
    }
}
