import { dictionary } from './language.ts'

const t = dictionary({
  en: {
    insecure: 'The browser gives camera and microphone only to pages with a secure address (https).',
    refused: 'The browser does not let this page use the camera or the microphone. Click the symbol beside the address, allow camera and microphone, then try again. Also look at the privacy settings of your device.',
    embedding: 'If this call is shown inside another page, that page must allow camera and microphone too.',
    missing: 'No camera or microphone was found. Connect one, then try again.',
    busy: 'Another program is using the camera or the microphone. Close it, then try again.',
    other: 'The camera or the microphone could not be started. Try again, or restart the browser.'
  },
  it: {
    insecure: 'Il browser concede fotocamera e microfono solo alle pagine con un indirizzo sicuro (https).',
    refused: 'Il browser non permette a questa pagina di usare la fotocamera o il microfono. Fai clic sul simbolo accanto all’indirizzo, consenti fotocamera e microfono, poi riprova. Controlla anche le impostazioni di privacy del dispositivo.',
    embedding: 'Se questa chiamata è mostrata dentro un’altra pagina, anche quella pagina deve consentire fotocamera e microfono.',
    missing: 'Non è stata trovata nessuna fotocamera e nessun microfono. Collegane uno, poi riprova.',
    busy: 'Un altro programma sta usando la fotocamera o il microfono. Chiudilo, poi riprova.',
    other: 'Non è stato possibile avviare la fotocamera o il microfono. Riprova, oppure riavvia il browser.'
  }
})

/** What a person can do about a failed `getUserMedia`, in plain words; by the error's name. */
export function explainMediaTrouble (name: string): string[] {
  if (!window.isSecureContext) return [t('insecure')]
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return window.parent === window ? [t('refused')] : [t('refused'), t('embedding')]
    case 'NotFoundError':
    case 'OverconstrainedError':
      return [t('missing')]
    case 'NotReadableError':
    case 'AbortError':
      return [t('busy')]
    default:
      return [t('other')]
  }
}

/** The name by which `explainMediaTrouble` knows an error. */
export function nameOf (error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : 'Error'
}
