import Configuration
import EnrollmentStores

/// The copy to another place that one connection is making: left as far as it is when the connection is gone.
final class OpenCopy {
    /// A copy, and what the configuration has to say to name it.
    struct Begun: Sendable {
        let copy: StoreCopy
        let settings: StoreSettings
        let from: String
        let to: String
    }

    var begun: Begun?
}
