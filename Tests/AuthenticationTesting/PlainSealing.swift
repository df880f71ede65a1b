package import Authentication
import Synchronization

/// Seals nothing, but binds to the place all the same: what was sealed elsewhere does not open. Its key is a number.
package final class PlainSealing: SecretSealing {
    private let key = Atomic<UInt8>(1)

    package init() {}

    /// Takes another key from now on; what the others have sealed still opens.
    package func rotate() { key.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    package func seal(_ payload: borrowing Secret, at place: some SealedPlace) throws(StoreFailure) -> [UInt8] {
        var bytes = [key.load(ordering: .sequentiallyConsistent)] + place.placeBytes
        payload.withBytes { span in for index in span.indices { bytes.append(span[index]) } }
        return bytes
    }

    package func isCurrent(_ sealed: [UInt8]) -> Bool { sealed.first == key.load(ordering: .sequentiallyConsistent) }

    package func open(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> Secret {
        let prefix = place.placeBytes
        guard sealed.dropFirst().starts(with: prefix) else {
            throw .damaged("sealed for another place than \(place.placeName)")
        }
        return Secret(copying: sealed.span.extracting((prefix.count + 1)..<sealed.count))
    }
}
