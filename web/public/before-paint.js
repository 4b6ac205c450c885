// Runs before the first paint, so that neither theme nor language flashes.
;(function () {
  try {
    var root = document.documentElement
    var theme = localStorage.getItem('theme')
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme
    root.lang = localStorage.getItem('locale') || (/^ko/.test(navigator.language) ? 'ko' : 'en')
  } catch (_) {
    /* storage may be forbidden; the defaults do */
  }
})()
