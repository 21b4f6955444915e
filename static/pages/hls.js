/* Loads hls.js for whoever plays something; a failed load is tried again by whoever asks next. */
"use strict";

(() => {
  let loading = null;

  window.loadHls = (url) => {
    if (window.Hls) return Promise.resolve(window.Hls);
    if (!url) return Promise.reject(new Error("not installed"));
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => (window.Hls ? resolve(window.Hls) : reject(new Error("no Hls in the script")));
      script.onerror = () => { script.remove(); reject(new Error("not loaded")); };
      document.head.append(script);
    }).catch((error) => { loading = null; throw error; });
    return loading;
  };
})();
