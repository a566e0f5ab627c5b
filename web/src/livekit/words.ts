import { dictionary } from '../shared/language.ts'

/** What the page says beyond the room's own texts. */
export const t = dictionary({
  en: {
    unreachableTitle: 'The video server does not answer',
    unreachable: 'Check your connection, then try again. In some networks a firewall stands in the way.',
    interruptedTitle: 'The call was interrupted',
    interrupted: 'The connection to the video server was lost. You can go back in.',
    putOutTitle: 'You were put out of the call',
    putOut: 'Whoever holds the call ended it for you. To go back in, open the call anew from the page that you came from.'
  },
  it: {
    unreachableTitle: 'Il server video non risponde',
    unreachable: 'Controlla il collegamento, poi riprova. In alcune reti un firewall lo impedisce.',
    interruptedTitle: 'La chiamata si è interrotta',
    interrupted: 'Il collegamento con il server video è andato perso. Puoi rientrare.',
    putOutTitle: 'La chiamata è terminata per te',
    putOut: 'Chi conduce la chiamata l’ha conclusa per te. Per rientrare, apri di nuovo la chiamata dalla pagina da cui sei venuto.'
  }
})
